"""What is not written over."""

from pathlib import Path

import pytest

from freecp_d2.apps.segment.gallery import ImageGallery
from freecp_d2.apps.segment.inputs import Source
from freecp_d2.apps.segment.outputs import check_folders, check_page, check_results
from freecp_d2.visualization.html import render_page

from .samples import settings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """`photos` with an image, a link to it; the current folder."""
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    (tmp_path / "photos" / "a.png").write_bytes(b"any")
    (tmp_path / "linked").symlink_to("photos")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("output", ["photos", "./photos/", "linked", "."])
@pytest.mark.parametrize("inputs", [["photos"], ["x.png", "linked"]])
def test_an_input_folder_is_no_output(folder, inputs, output):
    with pytest.raises(ValueError, match=r"the input folder .* which may be inside it"):
        check_folders(inputs, Path(output))


@pytest.mark.parametrize("output", ["photos/out", "out", "photo", "photos/sub/out"])
def test_others_are(folder, output):
    check_folders(["photos", "photos/a.png", "missing", "photos/*.png"], Path(output))


def test_a_result_never_replaces_an_input(folder):
    (folder / "photos" / "a_labels.png").write_bytes(b"any")
    paths = [folder / "photos" / name for name in ("a.png", "a_labels.png")]
    sources = [Source(path, Path(path.name), False) for path in paths]
    names = [Path("a"), Path("a_labels")]
    check_results(sources, names, folder / "out")
    check_results(sources[:1], names[:1], folder / "linked")
    with pytest.raises(ValueError, match=r"photos/a\.png would replace .*a_labels\.png"):
        check_results(sources, names, folder / "linked")


def test_pages_are_known(folder):
    check_page(folder / "none")
    page = folder / "index.html"
    for content in ("", render_page(ImageGallery(0, settings(folder)).page((), {}))):
        page.write_text(content)
        check_page(folder)
    page.write_text("<!DOCTYPE html><title>My homepage</title>")
    with pytest.raises(ValueError, match="not written by this program"):
        check_page(folder)
    page.unlink()
    page.mkdir()
    with pytest.raises(ValueError, match="is a folder"):
        check_page(folder)

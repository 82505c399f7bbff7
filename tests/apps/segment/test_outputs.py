"""Names of results: short, different on every file system, and no input is replaced."""

import os
import re
from pathlib import Path

import pytest

from freecp_d2.apps.segment.gallery import RunGallery
from freecp_d2.apps.segment.inputs import Source
from freecp_d2.apps.segment.outputs import (
    ENDINGS,
    check_folders,
    check_page,
    check_results,
    output_names,
)
from freecp_d2.visualization.html.page import render_page

from .samples import settings


def names(*paths):
    """The names of (path, relative path) or paths of named files."""
    pairs = [p if isinstance(p, tuple) else (p, Path(p).name) for p in paths]
    sources = [Source(Path(path), Path(relative), False) for path, relative in pairs]
    return [str(name) for name in output_names(sources)]


def test_names_are_as_short_as_possible():
    for paths, expected in (
        (["/x/a.jpg"], ["a"]),
        (["/x/a.jpg", "/x/a.png", "/x/b.png"], ["a.jpg", "a.png", "b"]),
        (["/x/a.jpg", "/y/a.jpg"], ["x/a.jpg", "y/a.jpg"]),
        (["/x/a.jpg", "/X/A.JPG"], ["a.jpg~#", "A.JPG~#"]),
        (["/home/a.png", "/home/A.PNG", "/home/a.jpg"], ["a.png~#", "A.PNG~#", "a.jpg"]),
        ([("/x/s/a.jpg", "s/a.jpg"), ("/x/a.jpg", "a.jpg")], ["s/a", "a"]),
        (["/x/a.b.jpg", "/x/.jpg", "/x/c\nd.jpg"], ["a.b", "_jpg", "c_d"]),
        (["/x/\N{CAT FACE}.jpg", os.fsdecode(b"/x/\xff.jpg")], ["\N{CAT FACE}", "%FF"]),
        (["/x/\u00e9.jpg", "/x/e\u0301.jpg"], ["\u00e9.jpg~#", "e\u0301.jpg~#"]),
    ):
        assert [re.sub("~[0-9a-f]{8}$", "~#", name) for name in names(*paths)] == expected


def test_long_names_leave_room_for_endings():
    found = names("/x/" + "a" * 255, "/x/" + "a" * 254 + "b", "/x/" + "\u00e9" * 127)
    assert len(set(found)) == 3
    assert all(len(name.encode()) + len("_labelled.mp4") <= 255 for name in found)


def test_files_of_different_inputs_are_different():
    assert len(set(names("/x/a\n.jpg", "/x/a\t.jpg", "/x/a_.jpg"))) == 3
    found = names("/x/a.png", "/x/a_labels.png", "/x/a_overlay.jpg", "/x/a.json.png")
    files = [name + ending for name in found for ending in ENDINGS.values()]
    assert len(set(files)) == len(files)


def test_names_of_other_inputs_are_not_used():
    source = Source(Path("/z/a.png"), Path("a.png"), False)
    for taken, expected in (((), "a"), (("a",), "a.png"), (("a", "a.png"), "z/a.png")):
        (found,) = output_names([source], lambda _, name, taken=taken: str(name) in taken)
        assert str(found) == expected


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """`photos` with an image, a link to it; the current folder."""
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    (tmp_path / "photos" / "a.png").write_bytes(b"any")
    (tmp_path / "linked").symlink_to("photos")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_output_is_not_an_input_folder_and_contains_none(folder):
    for output in ("photos", "./photos/", "linked", "."):
        for inputs in (["photos"], ["x.png", "linked"]):
            with pytest.raises(ValueError, match=f"--output {Path(output)} .* the input folder"):
                check_folders(inputs, Path(output))
    for output in ("photos/out", "out", "photo", "photos/sub/out"):
        check_folders(["photos", "photos/a.png", "missing", "photos/*.png"], Path(output))


def test_a_result_never_replaces_an_input(folder):
    (folder / "photos" / "a_labels.png").write_bytes(b"any")
    paths = [folder / "photos" / name for name in ("a.png", "a_labels.png")]
    sources = [Source(path, Path(path.name), False) for path in paths]
    result_names = [Path("a"), Path("a_labels")]
    check_results(sources, result_names, folder / "out")
    check_results(sources[:1], result_names[:1], folder / "linked")
    with pytest.raises(ValueError, match=r"a_labels\.png is an input and would be replaced"):
        check_results(sources, result_names, folder / "linked")
    export = [Source(folder / "coco" / "a.json", Path("a.json"), False)]
    with pytest.raises(ValueError, match=r"coco/a\.json is an input"):
        check_results(export, [Path("a")], folder, ["coco"])
    with pytest.raises(ValueError, match='"yolo"'):
        check_results(export, [Path("yolo/a")], folder, ["coco", "yolo"])


def test_pages_of_other_programs_are_not_replaced(folder):
    check_page(folder / "none")
    page = folder / "index.html"
    for content in ("", render_page(RunGallery(0, settings(folder)).page((), {}))):
        page.write_text(content)
        check_page(folder)
    page.write_text("<!DOCTYPE html><title>My homepage</title>")
    with pytest.raises(ValueError, match=r"index\.html was not written by this program"):
        check_page(folder)

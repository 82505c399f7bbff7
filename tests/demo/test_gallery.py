"""The page of a run: everything on it once, within its size."""

from pathlib import Path

import numpy as np
import pytest

from freecp_d2.demo import gallery
from freecp_d2.demo.gallery import PictureGallery
from freecp_d2.demo.inputs import Failure
from freecp_d2.demo.label_png import label_png
from freecp_d2.report import render_page

from ..report.balance import read
from .samples import COLORS, prediction, record, settings, window
from .videos import write_video

NASTY = "<script>&'\"\N{CAT FACE}"


def page(tmp_path, num_pictures=1, num_inputs=None, failures=(), facts=None, name="sub/a b"):
    found = PictureGallery(num_inputs or num_pictures, settings(tmp_path))
    one = prediction((window(),))
    for _ in range(num_pictures):
        if found.has_room:
            found.add_picture(Path(name), record((window(),)), one.image, one.label_map)
        else:
            found.count_only(record((window(),)))
    return read(render_page(found.page(failures, facts or {})))


def test_a_picture(tmp_path):
    found = page(tmp_path)
    assert "1 picture in 3 words" in found.text
    assert [image["alt"] for image in found.all("img")] == ["sub/a b: picture", "sub/a b: labels"]
    assert all(image["src"].startswith("data:image/jpeg") for image in found.all("img"))
    links = [a["href"] for a in found.all("a") if not a["href"].startswith("#")]
    assert links == ["sub/a_overlay.jpg", "sub/a_labels.png", "sub/a%20b.json"]
    assert {"dog", "Removed as redundant ", "(no word) "} <= set(found.text)
    assert "25 %" in found.text


def test_links_of_the_page_lead_to_its_parts(tmp_path):
    found = page(tmp_path, failures=[Failure("x", "broken")])
    names = {a["id"] for _, a in found.tags if "id" in a}
    links = {a["href"][1:] for a in found.all("a") if a["href"].startswith("#")}
    assert links == {"words", "pictures", "note-0"}
    assert links <= names


def test_all_text_is_escaped(tmp_path):
    found = page(tmp_path, failures=[Failure(NASTY, NASTY)], facts={NASTY: NASTY}, name=NASTY)
    assert not found.all("script")
    assert next(a["alt"] for a in found.all("img")).startswith("<script>&'\"")
    assert f"{NASTY}: {NASTY}." in found.text


def test_an_earlier_run_gives_the_same_entry(tmp_path):
    one = prediction((window(),))
    (tmp_path / "a_labels.png").write_bytes(label_png(one.label_map, COLORS))
    now, then = (PictureGallery(1, settings(tmp_path)) for _ in range(2))
    now.add_picture(Path("a"), record((window(),)), one.image, one.label_map)
    then.add_picture_of_files(Path("a"), record((window(),)), one.image)
    assert now.entries == then.entries


def test_many_are_cards_and_few_are_not(tmp_path):
    assert not page(tmp_path, 40).all("div", **{"class": "album compact"})
    found = page(tmp_path, 41)
    assert len(found.all("div", **{"class": "album compact"})) == 1
    assert len(found.all("img")) == 82


def test_there_is_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "_MOST_LETTERS", 10_000)
    found = page(tmp_path, 50)
    shown = len(found.all("article"))
    assert 0 < shown < 50
    assert "50 pictures in 3 words" in found.text
    assert any(text.startswith(f"{50 - shown} more are labelled") for text in found.text)


def test_nothing_at_all(tmp_path):
    found = page(tmp_path, 0, failures=[Failure("a", "b")] * 101)
    assert "Nothing in 3 words" in found.text
    assert "And 1 more." in found.text


def test_a_video(tmp_path):
    write_video(tmp_path / "a_labelled.mp4", num_frames=3)
    files = {"video": "a_labelled.mp4", "frames": "a_frames.jsonl"}
    of_video = record(kind="video", files=files, frames=3, frames_per_second=12.5, problem="short")
    del of_video["words"]
    found = PictureGallery(1, settings(tmp_path))
    found.add_video(Path("a"), of_video)
    shown = read(render_page(found.page((), {})))
    assert "1 video in 3 words" in shown.text
    assert "Video of 3 frames, 0.2 s at 12.5 a second. Note: short." in shown.text
    assert len(shown.all("img")) == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (900, 1200)])
def test_any_shape(tmp_path, shape):
    found = PictureGallery(1, settings(tmp_path))
    labels = np.zeros(shape, dtype=np.int32)
    found.add_picture(Path("a"), record(), np.zeros((*shape, 3), dtype=np.uint8), labels)
    assert len(read(render_page(found.page((), {}))).all("img")) == 2

"""The page of a run: every input once, within a limit of size."""

import re
from pathlib import Path

import numpy as np

from freecp_d2.apps.segment import gallery
from freecp_d2.apps.segment.gallery import RunGallery
from freecp_d2.apps.segment.inputs import FailedInput
from freecp_d2.text import Vocabulary
from freecp_d2.visualization.html.page import render_page

from ...visualization.html.balance import read
from .samples import prediction, record, settings, window

NASTY = "<script>&'\"\N{CAT FACE}"


def add(gallery, name, of_image):
    one = prediction((window(),))
    gallery.add(name, of_image, lambda: (one.image, one.label_map))


def page(tmp_path, num_images=1, num_inputs=None, failures=(), facts=None, name="sub/a b"):
    found = RunGallery(num_inputs or num_images, settings(tmp_path))
    for _ in range(num_images):
        add(found, Path(name), record((window(),)))
    return read(render_page(found.page(failures, facts or {})))


def test_an_image(tmp_path):
    found = page(tmp_path)
    assert "1 image in 3 words" in found.text
    assert [image["alt"] for image in found.all("img")] == ["sub/a b: image", "sub/a b: labels"]
    assert all(image["src"].startswith("data:image/jpeg") for image in found.all("img"))
    links = [a["href"] for a in found.all("a") if not a["href"].startswith("#")]
    assert links == ["sub/a_overlay.jpg", "sub/a_labels.png", "sub/a%20b.json"]
    assert {"dog", "Removed as redundant ", "(no word)"} <= set(found.text)
    assert "25 %" in found.text


def test_all_text_is_escaped(tmp_path):
    found = page(tmp_path, failures=[FailedInput(NASTY, NASTY)], facts={NASTY: NASTY}, name=NASTY)
    assert not found.all("script")
    links = {a["href"][1:] for a in found.all("a") if a["href"].startswith("#")}
    assert links == {"words", "images", "note-0"} == {a["id"] for _, a in found.tags if "id" in a}
    assert next(a["alt"] for a in found.all("img")).startswith("<script>&'\"")
    assert {NASTY, f": {NASTY}."} <= set(found.text)


def test_many_images_are_cards_with_smaller_thumbnails(tmp_path):
    assert [RunGallery(n, settings(tmp_path)).side for n in (0, 100_000)] == [960, 256]
    assert not page(tmp_path, 40).all("div", **{"class": "album compact"})
    found = page(tmp_path, 41)
    assert len(found.all("div", **{"class": "album compact"})) == 1
    assert len(found.all("img")) == 82
    assert found.text.count("Image and words") == len(found.all("details")) == 41


def test_the_size_of_the_page_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "_MOST_LETTERS", 10_000)
    found = page(tmp_path, 50)
    shown = len(found.all("article"))
    assert 0 < shown < 50
    assert "50 images in 3 words" in found.text
    assert any(text.startswith(f"{50 - shown} more are labelled") for text in found.text)


def test_a_video(tmp_path):
    of_video = record(kind="video", frames=3, frames_per_second=12.5, problem="short")
    del of_video["words"]
    found, frame = RunGallery(1, settings(tmp_path)), np.zeros((48, 64, 3), dtype=np.uint8)
    found.add(Path("a"), of_video, lambda: (frame, None))
    shown = read(render_page(found.page((), {})))
    assert "1 video in 3 words" in shown.text
    assert "Video of 3 frames, 0.2 s at 12.5 a second. Note: short." in shown.text
    assert len(shown.all("img")) == 1


def test_a_tall_image_is_not_higher_than_the_screen(tmp_path):
    found, frame = RunGallery(1, settings(tmp_path)), np.zeros((500, 10, 3), dtype=np.uint8)
    found.add(Path("a"), record(), lambda: (frame, np.zeros((500, 10), dtype=np.int32)))
    assert re.search(r"max-width: min\(100%, [12]\.\dvh\)", found.entries[0])


def test_names_are_isolated_from_the_text_direction(tmp_path):
    """An Arabic or Hebrew name would change the order of the text beside it."""
    word = "\N{HEBREW LETTER HE}\N{HEBREW LETTER RESH}"
    of_word = record(
        (window(kept=((word, 0.5),)),), visible=[{"index": 0, "name": word, "share": 1.0}]
    )
    of_word["classes"][0]["name"] = word
    given = settings(tmp_path, vocabulary=Vocabulary.from_string(f"{word}; dog; tree"))
    found = RunGallery(1, given)
    add(found, Path(word), of_word)
    html = render_page(found.page([FailedInput(word, "broken")], {}))
    visible = re.sub(
        r"<text.*?</text>|<[^>]*>", lambda tag: tag[0] if "bdi" in tag[0] else "", html
    )
    assert visible.count(word) == visible.count(f"<bdi>{word}</bdi>") >= 6


def test_the_page_says_that_no_word_is_left(tmp_path):
    gone = window(kept=(), removed=(("cat", 0.01), ("dog", 0.02), ("tree", 0.0)))
    found = RunGallery(2, settings(tmp_path))
    add(found, Path("a"), record((window(),)))
    assert not any("No word" in text for text in found.page((), {}).lead)
    add(found, Path("b"), record((gone,)))
    assert any("No word is left in 1 image; lower" in text for text in found.page((), {}).lead)

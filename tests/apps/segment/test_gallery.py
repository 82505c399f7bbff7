"""The page of a run: everything on it once, within its size."""

import re
from pathlib import Path

import numpy as np
import pytest

from freecp_d2.apps.segment import gallery
from freecp_d2.apps.segment.gallery import ImageGallery
from freecp_d2.apps.segment.inputs import Failure
from freecp_d2.text import Vocabulary
from freecp_d2.visualization.html import render_page
from freecp_d2.visualization.label_png import label_png

from ...visualization.html.balance import read
from .samples import COLORS, prediction, record, settings, window
from .videos import write_video

NASTY = "<script>&'\"\N{CAT FACE}"


def page(tmp_path, num_images=1, num_inputs=None, failures=(), facts=None, name="sub/a b"):
    found = ImageGallery(num_inputs or num_images, settings(tmp_path))
    one = prediction((window(),))
    for _ in range(num_images):
        if found.has_room:
            found.add_image(Path(name), record((window(),)), one.image, one.label_map)
        else:
            found.count_only(record((window(),)))
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


def test_links_of_the_page_lead_to_its_parts(tmp_path):
    found = page(tmp_path, failures=[Failure("x", "broken")])
    names = {a["id"] for _, a in found.tags if "id" in a}
    links = {a["href"][1:] for a in found.all("a") if a["href"].startswith("#")}
    assert links == {"words", "images", "note-0"}
    assert links <= names


def test_all_text_is_escaped(tmp_path):
    found = page(tmp_path, failures=[Failure(NASTY, NASTY)], facts={NASTY: NASTY}, name=NASTY)
    assert not found.all("script")
    assert next(a["alt"] for a in found.all("img")).startswith("<script>&'\"")
    assert {NASTY, f": {NASTY}."} <= set(found.text)


def test_an_earlier_run_gives_the_same_entry(tmp_path):
    one = prediction((window(),))
    (tmp_path / "a_labels.png").write_bytes(label_png(one.label_map, COLORS))
    now, then = (ImageGallery(1, settings(tmp_path)) for _ in range(2))
    now.add_image(Path("a"), record((window(),)), one.image, one.label_map)
    then.add_image_of_files(Path("a"), record((window(),)), one.image)
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
    assert "50 images in 3 words" in found.text
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
    found = ImageGallery(1, settings(tmp_path))
    found.add_video(Path("a"), of_video)
    shown = read(render_page(found.page((), {})))
    assert "1 video in 3 words" in shown.text
    assert "Video of 3 frames, 0.2 s at 12.5 a second. Note: short." in shown.text
    assert len(shown.all("img")) == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (900, 1200)])
def test_any_shape(tmp_path, shape):
    found = ImageGallery(1, settings(tmp_path))
    labels = np.zeros(shape, dtype=np.int32)
    found.add_image(Path("a"), record(), np.zeros((*shape, 3), dtype=np.uint8), labels)
    assert len(read(render_page(found.page((), {}))).all("img")) == 2


def test_names_keep_their_direction_to_themselves(tmp_path):
    """In Arabic or Hebrew, a name would turn the numbers and names beside it around."""
    word = "\N{HEBREW LETTER HE}\N{HEBREW LETTER RESH}"
    of_word = record(
        (window(kept=((word, 0.5),)),), visible=[{"index": 0, "name": word, "share": 1.0}]
    )
    of_word["classes"][0]["name"] = word
    given = settings(tmp_path, vocabulary=Vocabulary.from_string(f"{word}; dog; tree"))
    found, one = ImageGallery(1, given), prediction()
    found.add_image(Path(word), of_word, one.image, one.label_map)
    html = render_page(found.page([Failure(word, "broken")], {}))
    visible = re.sub(
        r"<text.*?</text>|<[^>]*>", lambda tag: tag[0] if "bdi" in tag[0] else "", html
    )
    assert visible.count(word) == visible.count(f"<bdi>{word}</bdi>") >= 6


def test_large_numbers_are_written_alike(tmp_path):
    words = Vocabulary.from_string("; ".join(f"word {k}" for k in range(2000)))
    found = ImageGallery(1, settings(tmp_path, vocabulary=words)).page((), {})
    assert "2,000 words" in found.title
    assert "2,000 words: " in found.lead[0]
    assert "and 1,988 more." in found.lead[0]


def test_the_page_says_that_no_word_is_left(tmp_path):
    gone = window(kept=(), removed=(("cat", 0.01), ("dog", 0.02), ("tree", 0.0)))
    found, one = ImageGallery(2, settings(tmp_path)), prediction((gone,))
    found.add_image(Path("a"), record((window(),)), one.image, one.label_map)
    assert not any("No word" in text for text in found.page((), {}).lead)
    found.add_image(Path("b"), record((gone,)), one.image, one.label_map)
    assert any("No word is left in 1 image; lower" in text for text in found.page((), {}).lead)

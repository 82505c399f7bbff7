"""What a visitor does and sees, without a browser."""

import functools

import pytest
from PIL import Image

from freecp_d2.apps.web import visit
from freecp_d2.apps.web.labelling import Thresholds
from freecp_d2.apps.web.visit import choose_pixel

USUAL = Thresholds(0.01, 0.3)
WORDS = "sky; field; sheep; road"


@pytest.fixture
def label(tmp_path):
    return functools.partial(visit.label, uploads=tmp_path)


@pytest.fixture
def payload(tmp_path, image):
    Image.fromarray(image).save(tmp_path / "image.png")
    return {"path": str(tmp_path / "image.png"), "orig_name": "image.png"}


def test_an_image_and_words_become_labels(label, labeller, payload):
    shown = label(labeller, payload, WORDS, "SCLIP", USUAL)
    assert "SCLIP alone" in shown.images
    assert "SCLIP + FreeCP" in shown.images
    assert "What FreeCP did to the words" in shown.words
    assert shown.pixel == ""


def test_without_an_image_the_page_says_what_to_do(label, labeller):
    shown = label(labeller, None, WORDS, "SCLIP", USUAL)
    assert "Choose an image" in shown.images
    assert 'role="alert"' not in shown.images
    assert (shown.comparison, shown.words, shown.pixel) == (None, "", "")


def test_what_is_wrong_stands_where_the_images_were(label, labeller, payload, tmp_path):
    before = label(labeller, payload, WORDS, "SCLIP", USUAL)
    (tmp_path / "broken.png").write_bytes(b"GIF89a")
    broken = {"path": str(tmp_path / "broken.png"), "orig_name": "broken.png"}
    for asked, message in (
        ((broken, WORDS, "SCLIP", USUAL), "“broken.png” cannot be read"),
        ((payload, " ; ", "SCLIP", USUAL), "There are no words yet"),
        ((payload, WORDS, "Magic", USUAL), "no base method &#x27;Magic&#x27;"),
        ((payload, WORDS, "SCLIP", Thresholds(7.0, 0.3)), "REDUNDANCY.THRESH is 7.0"),
    ):
        shown = label(labeller, *asked, before)
        assert message in shown.images
        assert 'role="alert"' in shown.images
        assert (shown.comparison, shown.words, shown.pixel) == (None, "", "")


def test_the_same_again_is_not_computed_again(label, labeller, payload):
    shown = label(labeller, payload, WORDS, "SCLIP", USUAL)
    assert label(labeller, payload, WORDS, "SCLIP", USUAL, shown) is shown
    assert label(labeller, payload, WORDS, "GEM", USUAL, shown) is not shown


def test_a_pixel_stays_while_the_image_does(label, labeller, payload, tmp_path, image):
    shown = choose_pixel(label(labeller, payload, WORDS, "SCLIP", USUAL), 0.5, 0.25)
    assert "column 33 of 64, row 13 of 48" in shown.pixel
    moved = label(labeller, payload, WORDS, "SCLIP", Thresholds(0.2, 0.3), shown)
    assert moved.point == (0.5, 0.25)
    assert "left:50.00%;top:25.00%" in moved.images
    Image.fromarray(image[:, ::-1]).save(tmp_path / "other.png")
    other = {"path": str(tmp_path / "other.png")}
    assert label(labeller, other, WORDS, "SCLIP", USUAL, moved).point is None


def test_a_pixel_of_nothing():
    assert choose_pixel(None, 0.5, 0.5) is None


def test_a_pixel_is_within_the_image(label, labeller, payload):
    shown = label(labeller, payload, WORDS, "SCLIP", USUAL)
    assert "column 64 of 64, row 1 of 48" in choose_pixel(shown, 1.2, -3.0).pixel

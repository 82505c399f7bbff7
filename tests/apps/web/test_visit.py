"""What a visitor sees after each input, without a browser."""

import functools

import pytest
from PIL import Image

from freecp_d2.apps.web import visit
from freecp_d2.apps.web.labelling import Thresholds
from freecp_d2.apps.web.visit import Visit, choose_pixel

USUAL = Thresholds(0.01, 0.3)
WORDS = "sky; field; sheep; road"


@pytest.fixture
def label(tmp_path):
    return functools.partial(visit.label, uploads=tmp_path)


@pytest.fixture
def payload(tmp_path, image):
    Image.fromarray(image).save(tmp_path / "image.png")
    return {"path": str(tmp_path / "image.png"), "orig_name": "image.png"}


def test_without_an_image_there_is_an_invitation(label, labeller):
    view = label(labeller, None, WORDS, "SCLIP", USUAL)
    assert "Choose an image" in view.images
    assert 'role="alert"' not in view.images
    assert (view.comparison, view.words, view.pixel) == (None, "", "")


def test_a_problem_replaces_the_images(label, labeller, payload, tmp_path):
    before = label(labeller, payload, WORDS, "SCLIP", USUAL)
    (tmp_path / "broken.png").write_bytes(b"GIF89a")
    broken = {"path": str(tmp_path / "broken.png"), "orig_name": "broken.png"}
    for asked, fact in (
        ((broken, WORDS, "SCLIP", USUAL), "broken.png"),
        ((payload, " ; ", "SCLIP", USUAL), "no words yet"),
        ((payload, WORDS, "Magic", USUAL), "&#x27;Magic&#x27;"),
        ((payload, WORDS, "SCLIP", Thresholds(7.0, 0.3)), "REDUNDANCY.THRESH is 7.0"),
    ):
        view = label(labeller, *asked, before)
        assert fact in view.images
        assert 'role="alert"' in view.images
        assert (view.comparison, view.words, view.pixel) == (None, "", "")


def test_a_repeated_request_is_not_computed_again(label, labeller, payload):
    view = label(labeller, payload, WORDS, "SCLIP", USUAL)
    assert label(labeller, payload, WORDS, "SCLIP", USUAL, view) is view
    assert label(labeller, payload, WORDS, "GEM", USUAL, view) is not view


def test_a_pixel_is_kept_while_the_image_is_the_same(label, labeller, payload, tmp_path, image):
    view = choose_pixel(label(labeller, payload, WORDS, "SCLIP", USUAL), 0.5, 0.25)
    assert "column 33 of 64, row 13 of 48" in view.pixel
    moved = label(labeller, payload, WORDS, "SCLIP", Thresholds(0.2, 0.3), view)
    assert moved.point == (0.5, 0.25)
    assert "left:50.00%;top:25.00%" in moved.images
    Image.fromarray(image[:, ::-1]).save(tmp_path / "other.png")
    other = {"path": str(tmp_path / "other.png")}
    assert label(labeller, other, WORDS, "SCLIP", USUAL, moved).point is None


def test_a_pixel_is_clipped_to_the_image(label, labeller, payload):
    view = label(labeller, payload, WORDS, "SCLIP", USUAL)
    assert "column 64 of 64, row 1 of 48" in choose_pixel(view, 1.2, -3.0).pixel
    assert choose_pixel(None, 0.5, 0.5) is None


def test_a_pixel_chosen_while_the_image_is_labelled_again_is_kept(label, labeller, payload):
    visit = Visit()
    assert visit.choose(0.5, 0.5) is None
    first = visit.show(label(labeller, payload, WORDS, "SCLIP", USUAL))
    slow = label(labeller, payload, WORDS, "SCLIP", Thresholds(0.2, 0.3), first)
    clicked = visit.choose(0.5, 0.25)
    assert clicked.comparison is first.comparison
    shown = visit.show(slow)
    assert shown.comparison is slow.comparison
    assert shown.point == (0.5, 0.25)
    assert "left:50.00%;top:25.00%" in shown.images
    assert visit.choose(0.75, 0.25).comparison is slow.comparison, "no older view comes back"

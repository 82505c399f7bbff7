"""What a visitor sees after each input, without a browser."""

import functools

import pytest
from PIL import Image

from freecp_d2.apps.web import visit
from freecp_d2.apps.web.labelling import Thresholds
from freecp_d2.apps.web.visit import Visit

USUAL, STRICT = Thresholds(0.01, 0.3), Thresholds(0.2, 0.3)
WORDS = "sky; field; sheep; road"


@pytest.fixture
def label(tmp_path, labeller):
    return functools.partial(visit.label, labeller, uploads=tmp_path)


@pytest.fixture
def payload(tmp_path, image):
    Image.fromarray(image).save(tmp_path / "image.png")
    return {"path": str(tmp_path / "image.png"), "orig_name": "image.png"}


def test_without_an_image_there_is_an_invitation(label):
    view = label(None, WORDS, "SCLIP", USUAL)
    assert "Choose an image" in view.images
    assert 'role="alert"' not in view.images
    assert (view.comparison, view.words, view.pixel) == (None, "", "")


def test_a_problem_replaces_the_images(label, payload, tmp_path):
    before = label(payload, WORDS, "SCLIP", USUAL)
    (tmp_path / "broken.png").write_bytes(b"GIF89a")
    broken = {"path": str(tmp_path / "broken.png"), "orig_name": "broken.png"}
    for asked, bands, fact in (
        ((broken, WORDS, "SCLIP", USUAL), None, "broken.png"),
        ((payload, " ; ", "SCLIP", USUAL), None, "no words yet"),
        ((payload, WORDS, "SCLIP", USUAL), "4,x", "&#x27;4,x&#x27;"),
        ((payload, WORDS, "Magic", USUAL), None, "&#x27;Magic&#x27;"),
        ((payload, WORDS, "SCLIP", Thresholds(7.0, 0.3)), None, "REDUNDANCY.THRESH is 7.0"),
    ):
        view = label(*asked, before, bands=bands)
        assert fact in view.images
        assert 'role="alert"' in view.images
        assert (view.comparison, view.words, view.pixel) == (None, "", "")


def test_a_repeated_request_is_not_computed_again(label, payload):
    view = label(payload, WORDS, "SCLIP", USUAL)
    assert label(payload, WORDS, "SCLIP", USUAL, view) is view
    assert label(payload, WORDS, "GEM", USUAL, view) is not view


def test_a_pixel_is_kept_while_the_image_is_the_same(label, payload, tmp_path, image):
    visit = Visit()
    assert visit.choose(0.5, 0.5) is None
    visit.show(label(payload, WORDS, "SCLIP", USUAL))
    assert "column 64 of 64, row 1 of 48" in visit.choose(1.2, -3.0).pixel  # clipped
    slow = label(payload, WORDS, "SCLIP", STRICT)
    assert "column 33 of 64, row 13 of 48" in visit.choose(0.5, 0.25).pixel  # meanwhile
    shown = visit.show(slow)
    assert (shown.comparison, shown.point) == (slow.comparison, (0.5, 0.25))
    assert "left:50.00%;top:25.00%" in shown.images
    assert visit.choose(0.75, 0.25).comparison is slow.comparison, "no older view comes back"
    Image.fromarray(image[:, ::-1]).save(tmp_path / "other.png")
    other = {"path": str(tmp_path / "other.png")}
    assert visit.show(label(other, WORDS, "SCLIP", USUAL)).point is None

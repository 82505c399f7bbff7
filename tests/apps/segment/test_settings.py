"""What makes results out of date, and what does not."""

import pytest

from freecp_d2.text import Vocabulary

from .samples import WORDS, settings


@pytest.mark.parametrize(
    "changes",
    [
        {"vocabulary": Vocabulary.from_string("cat; dog; tree")},
        {"scores": True},
        {"overlay_side": 1024},
        {"opts": ("MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH", "0.02")},
        {"opts": ("INPUT.MIN_SIZE_TEST", "200")},
    ],
    ids=["words", "scores", "overlay", "threshold", "size"],
)
def test_what_counts(tmp_path, changes):
    assert settings(tmp_path, **changes).digest != settings(tmp_path).digest


@pytest.mark.parametrize(
    "changes",
    [
        {"vocabulary": Vocabulary("another name", WORDS.classes)},
        {"max_megapixels": 3.0},
        {"config_file": "the same elsewhere"},
        {"opts": ("MODEL.SLIDING_WINDOW.BATCH_SIZE", "2", "OUTPUT_DIR", "x")},
    ],
    ids=["name", "limit", "file", "speed"],
)
def test_what_does_not(tmp_path, changes):
    assert settings(tmp_path / "x", **changes).digest == settings(tmp_path).digest


@pytest.mark.parametrize(
    "changes",
    [{"overlay_side": 63}, {"overlay_side": 20000}, {"max_megapixels": 0.0}],
    ids=["narrow", "wide", "nothing"],
)
def test_out_of_range(tmp_path, changes):
    with pytest.raises(ValueError, match="expected"):
        settings(tmp_path, **changes)


def test_the_embedded_weights_have_a_caveat(tmp_path):
    assert "drawn pages" in settings(tmp_path).caveat
    assert not settings(tmp_path, opts=("MODEL.CLIP.PRETRAINED", "a.pt")).caveat


def test_what_to_do_where_no_word_is_left(tmp_path):
    given = settings(tmp_path)
    assert given.no_word_left(0) == ""
    assert given.no_word_left(1).startswith("No word is left in 1 image; lower MODEL.")
    assert given.no_word_left(2000).startswith("No word is left in 2,000 images;")

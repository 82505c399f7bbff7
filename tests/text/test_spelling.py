"""Glued words, and names for a legend."""

import pytest

from freecp_d2.text import load_vocabulary, shipped_vocabularies
from freecp_d2.text.spelling import guess_parts, readable_names, take_apart


@pytest.mark.parametrize(
    ("word", "apart"),
    [
        ("diningtable", "dining table"),
        ("TrafficLight", "traffic light"),
        ("chestofdrawers", "chest of drawers"),
        ("tvmonitor", "tv monitor"),  # no benchmark has it apart, here to the last
        ("playingfield", "playing field"),
        ("waterdrops", "water drops"),
        ("swimmingpool", "swimming pool"),
        ("televisionreceiver", "television receiver"),
        ("dining table", "dining table"),
        ("motorbike", "motorbike"),
        ("bookshelf", "bookshelf"),  # no benchmark has "book shelf"
        ("skyscraper", "skyscraper"),
        ("zzz", "zzz"),
        ("قطة", "قطة"),
    ],
)
def test_what_a_benchmark_spells_apart(word, apart):
    assert take_apart(word) == apart


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("bookshelf", "book shelf"),
        ("tvmonitor", "tv monitor"),
        ("TVscreen", "tv screen"),
        ("diningtable", "dining table"),
        ("keyboard", None),
        ("carpet", None),
        ("catx", None),
        ("cat", None),
        ("", None),
        ("ab" * 100_000, None),
    ],
)
def test_parts_that_may_have_been_glued(word, parts):
    assert guess_parts(word) == parts


def test_names_for_a_legend():
    assert readable_names(["cat", "cat", "trafficlight", "a  b"]) == (
        *("cat", "cat (2)", "traffic light", "a b"),
    )
    [long] = readable_names(["word " * 300])
    assert long.endswith("wo...")
    assert len(long) <= 40
    assert readable_names(["cat", "cat (2)", "cat", "cat"]) == (
        *("cat", "cat (2)", "cat (3)", "cat (4)"),
    )


def test_many_names_that_are_alike():
    """The time of each was that of all before it."""
    names = readable_names(["cat"] * 15_000)
    assert (names[-1], len(set(names))) == ("cat (15000)", 15_000)


def test_names_of_shipped_vocabularies_are_different():
    for name in shipped_vocabularies():
        vocabulary = load_vocabulary(name)
        assert len(set(vocabulary.display_names)) == vocabulary.num_classes
    assert load_vocabulary("ade20k").display_names[44] == "chest of drawers"

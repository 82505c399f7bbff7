"""Glued words, and names for a legend."""

from freecp_d2.text.spelling import guess_parts, readable_names, take_apart


def test_words_that_a_benchmark_writes_with_spaces():
    for word, apart in {
        "diningtable": "dining table",
        "TrafficLight": "traffic light",
        "chestofdrawers": "chest of drawers",
        "tvmonitor": "tv monitor",  # no benchmark writes this and the next four with spaces
        "playingfield": "playing field",
        "waterdrops": "water drops",
        "swimmingpool": "swimming pool",
        "televisionreceiver": "television receiver",
    }.items():
        assert take_apart(word) == apart
    for word in ("dining table", "motorbike", "bookshelf", "skyscraper", "zzz", "قطة"):
        assert take_apart(word) == word


def test_parts_of_words_that_may_be_glued():
    for word, parts in {
        "bookshelf": "book shelf",
        "tvmonitor": "tv monitor",
        "TVscreen": "tv screen",
        "diningtable": "dining table",
        "keyboard": None,
        "carpet": None,
        "catx": None,
        "cat": None,
        "": None,
        "ab" * 100_000: None,
    }.items():
        assert guess_parts(word) == parts


def test_names_for_a_legend_are_distinct_and_short():
    names = readable_names(["cat", "cat", "trafficlight", "a  b"])
    assert names == ("cat", "cat (2)", "traffic light", "a b")
    names = readable_names(["cat", "cat (2)", "cat", "cat"])
    assert names == ("cat", "cat (2)", "cat (3)", "cat (4)")
    [long] = readable_names(["word " * 300])
    assert long.endswith("wo...")
    assert len(long) <= 40


def test_many_equal_names_take_linear_time():
    names = readable_names(["cat"] * 15_000)
    assert (names[-1], len(set(names))) == ("cat (15000)", 15_000)

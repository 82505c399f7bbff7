"""Glued words, and names for a legend."""

from freecp_d2.text.names_and_colors import guess_parts, readable_names, take_apart


def test_words_that_a_benchmark_writes_with_spaces():
    for apart in (
        *("dining table", "traffic light", "chest of drawers"),
        # No benchmark writes these with spaces.
        *("tv monitor", "playing field", "water drops", "swimming pool", "television receiver"),
    ):
        assert take_apart(apart.replace(" ", "")) == apart
    assert take_apart("TrafficLight") == "traffic light"
    for word in ("dining table", "motorbike", "bookshelf", "skyscraper", "zzz", "قطة"):
        assert take_apart(word) == word


def test_parts_of_words_that_may_be_glued():
    for parts in ("book shelf", "tv monitor", "tv screen", "dining table"):
        assert guess_parts(parts.replace(" ", "")) == parts
    assert guess_parts("TVscreen") == "tv screen"
    for word in ("keyboard", "carpet", "lighthouse", "catx", "cat", "", "ab" * 100_000):
        assert guess_parts(word) is None


def test_names_for_a_legend_are_distinct_and_short():
    names = readable_names(["cat", "cat", "trafficlight", "a  b"])
    assert names == ("cat", "cat (2)", "traffic light", "a b")
    names = readable_names(["cat", "cat (2)", "cat", "cat"])
    assert names == ("cat", "cat (2)", "cat (3)", "cat (4)")
    many = readable_names(["cat"] * 15_000)  # in linear time
    assert (many[-1], len(set(many))) == ("cat (15000)", 15_000)
    [long] = readable_names(["word " * 300])
    assert long.endswith("wo...")
    assert len(long) <= 40

"""Chips: struck through or not, counts, winners, long lists folded."""

from freecp_d2.modeling.purification.summary import GroupSummary, Purification, WordSummary
from freecp_d2.visualization.html.words import purification_notes

from .balance import read
from .samples import purification


def notes(found=None, true=None):
    return read(purification_notes(found or purification(), true or {}))


def test_only_removed_words_are_struck_through():
    html = purification_notes(purification(), {})
    assert "<s><bdi>dog</bdi></s><small>0.040</small>" in html
    assert "<span><bdi>cat</bdi></span><small>0.200</small>" in html
    assert html.count("<s>") == 1


def test_counts_where_windows_differ():
    counts = purification_notes(purification(), {})
    assert '<small class="count">3/4</small>' in counts
    assert "4/4" not in counts


def test_the_rest_is_in_the_title():
    titles = [chip["title"] for chip in notes().all("li") if "title" in chip]
    assert titles[0] == "removed in 4 of 4 windows; score s at most 0.040, mean 0.020"


def test_winners():
    html = purification_notes(purification(), {})
    won = "<bdi>cat</bdi><small>\N{MULTIPLICATION SIGN}2</small>"
    assert f'<span class="chip won">{won}</span>' in html
    assert len(notes().all("span", **{"class": "chip won"})) == 1
    assert {"3 windows", "1 window"} <= set(notes().text)


def test_true_words_carry_their_colour():
    (square,) = notes(true={"cat": (1, 2, 3)}).all("i")
    assert square["style"] == "background:rgb(1,2,3)"


def test_long_lists_fold():
    words = tuple(WordSummary(f"word {i}", 1, 1, 0.01, 0.01) for i in range(20))
    groups = tuple(GroupSummary((f"a {i}", "b"), 1, {}) for i in range(6))
    found = notes(Purification(words, groups))
    assert len(found.all("details")) == 2
    assert {"4 more", "2 more"} <= set(found.text)
    assert all(word.word in found.text for word in words)


def test_nothing_of_nothing():
    assert notes(Purification((), ())).text == []

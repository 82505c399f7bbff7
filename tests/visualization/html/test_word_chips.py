"""Chips: struck through or not, counts, winners, long lists."""

from freecp_d2.modeling.purification.diagnosis import GroupSummary, Purification, WordSummary
from freecp_d2.visualization.html.word_chips import purification_notes

from .balance import read
from .samples import purification


def notes(found=None, colors=None, whole=True):
    return read(purification_notes(found or purification(), colors or {}, whole))


def test_chips():
    html = purification_notes(purification(), {})
    assert "<s><bdi>dog</bdi></s><small>0.040</small>" in html, "only removed words are struck"
    assert "<span><bdi>cat</bdi></span><small>0.200</small>" in html
    assert html.count("<s>") == 1
    assert '<small class="count">3/4</small>' in html, "counts where windows differ"
    assert "4/4" not in html
    titles = [chip["title"] for chip in notes().all("li") if "title" in chip]
    assert titles[0] == "removed in 4 of 4 windows; score s at most 0.040, mean 0.020"


def test_winners_of_groups():
    html = purification_notes(purification(), {})
    won = "<bdi>cat</bdi><small>\N{MULTIPLICATION SIGN}2</small>"
    assert f'<span class="chip won">{won}</span>' in html
    assert len(notes().all("span", **{"class": "chip won"})) == 1
    assert {"3 windows", "1 window"} <= set(notes().text)


def test_words_have_their_color():
    (square,) = notes(colors={"cat": (1, 2, 3)}).all("i")
    assert square["style"] == "background:rgb(1,2,3)"


def test_long_lists_are_folded_or_only_counted():
    words = tuple(WordSummary(f"word {i}", 1, 1, 0.01, 0.01) for i in range(20))
    groups = tuple(GroupSummary((f"a {i}", "b"), 1, {}) for i in range(6))
    whole = notes(Purification(words, groups))
    assert len(whole.all("details")) == 2
    assert {"4 more", "2 more"} <= set(whole.text)
    assert all(word.word in whole.text for word in words)
    short = notes(Purification(words, ()), whole=False)
    assert len(short.all("li")) == 16
    assert "4 more" in short.text
    assert notes(Purification((), ())).text == []

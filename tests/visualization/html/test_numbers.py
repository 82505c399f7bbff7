"""The bars' lengths and texts; the tables' numbers, which column is best, and signs."""

import pytest

from freecp_d2.visualization.html.numbers import (
    _LABELS,
    _LENGTH,
    bar_chart,
    best_column,
    results_table,
)
from freecp_d2.visualization.html.page_content import Results

from .balance import read
from .samples import COLUMNS, results, row


def text_of(results):
    return [text for text in read(results_table(results)).text if text.strip()]


def test_bars_share_one_scale_that_ends_at_a_multiple_of_5():
    for highest, end in ((30.0, 30), (30.7, 35), (4.9, 5), (0.4, 5)):
        values = (highest / 3, highest, highest / 2)
        found = read(bar_chart(Results(COLUMNS, (row("GEM", *values), row("SCLIP", 0, 0, 0)), 1)))
        lengths = [float(bar["width"]) for bar in found.all("rect")]
        expected = [max(1, _LENGTH * value / end) for value in (*values, 0, 0, 0)]
        assert lengths == pytest.approx(expected, abs=0.05)
        lines = [float(line["x1"]) for line in found.all("line")]
        assert lines == pytest.approx([_LABELS + _LENGTH * values[0] / end, _LABELS], abs=0.05)


def test_values_and_descriptions_are_text():
    found = read(bar_chart(results()))
    values = [t for t in found.text if t.replace(".", "").isdigit()]
    assert values == ["10.0", "30.0", "20.0", "14.0", "26.0", "12.0"]
    assert [bar["class"] for bar in found.all("rect")][:3] == [
        "bar alone",
        "bar oracle",
        "bar whole",
    ]
    assert "mIoU of SCLIP, in percent" in found.text
    assert any("alone 14.0; oracle 26.0; whole 12.0" in text for text in found.text)


def test_the_table():
    found = read(results_table(results()))
    assert len(found.all("th", scope="row")) == 3
    assert {head.get("scope") for head in found.all("th")} == {"row", "col"}
    text = text_of(results())
    for title, values in (("SCLIP", (10.0, 30.0, 20.0)), ("mean", (12.0, 28.0, 16.0))):
        start = text.index(title) + 1
        assert tuple(map(float, text[start : start + 3])) == values
    assert "+10.0 [+8.0, +12.5]" in "".join(text)
    assert "\N{MINUS SIGN}2.0 [\N{MINUS SIGN}4.0, 0.0]" in "".join(text)


def test_the_oracle_is_marked_and_never_best():
    text = text_of(results())
    assert text[text.index("oracle") + 1] == "knows the words of the image"
    assert text[text.index("whole") + 1] == "best without that knowledge"
    alone_is_best = Results(COLUMNS, (row("GEM", 14.0, 26.0, 12.0),), 1)
    assert best_column(alone_is_best) == 0

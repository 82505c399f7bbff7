"""The bars' lengths and texts; the tables' numbers, which column is best, and signs."""

import pytest

from freecp_d2.visualization.html import Column, Results, Row
from freecp_d2.visualization.html.numbers import (
    _LABELS,
    _LENGTH,
    bar_chart,
    best_column,
    results_tables,
    scale_end,
    signed,
)

from .balance import read
from .samples import COLUMNS, results, scores


def text_of(results):
    return [text for text in read(results_tables(results)).text if text.strip()]


def test_scale():
    for highest, end in ((0.0, 5), (4.9, 5), (5.0, 5), (5.1, 10), (30.7, 35), (100.0, 100)):
        assert scale_end(highest) == end


def test_bars_share_one_scale():
    # The highest value is 30, which is the end of the axis.
    found = read(bar_chart(results()))
    lengths = [float(bar["width"]) for bar in found.all("rect")]
    expected = [_LENGTH * value / 30 for value in (10, 30, 20, 14, 26, 12)]
    assert lengths == pytest.approx(expected, abs=0.05)
    lines = [float(line["x1"]) for line in found.all("line")]
    assert lines == pytest.approx([_LABELS + _LENGTH * v / 30 for v in (10, 14)], abs=0.05)


def test_values_and_descriptions_are_text():
    found = read(bar_chart(results()))
    assert [t for t in found.text if t.replace(".", "").isdigit()] == [
        *("10.0", "30.0", "20.0"),
        *("14.0", "26.0", "12.0"),
    ]
    assert len(found.all("svg", role="img")) == len(found.all("title")) == 2
    assert "mIoU of SCLIP, in percent" in found.text
    assert any("alone 14.0; oracle 26.0; whole 12.0" in text for text in found.text)


def test_styles_of_the_bars():
    columns = (*COLUMNS[:2], Column("step"), COLUMNS[2])
    found = read(bar_chart(Results(columns, (Row("GEM", scores(1, 2, 3, 4)),), 1)))
    assert [bar["class"] for bar in found.all("rect")] == [
        *("bar alone", "bar oracle", "bar step", "bar whole")
    ]


def test_rows_and_means():
    text = text_of(results())
    start = text.index("SCLIP")
    assert text[start : start + 4] == ["SCLIP", "10.0", "30.0", "20.0"]
    start = text.index("mean")
    assert text[start : start + 4] == ["mean", "12.0", "28.0", "16.0"]


def test_one_table_for_each_measure():
    found = read(results_tables(results()))
    assert len(found.all("table")) == 4
    assert len(found.all("details")) == 1
    assert len(found.all("th", scope="row")) == 4 * 3
    assert {head.get("scope") for head in found.all("th")} == {"row", "col"}
    text = text_of(results())
    for caption, value in (("Pixel accuracy", "20.0"), ("mIoU of stuff", "11.0")):
        start = text.index(f"{caption}, in percent")
        assert text[text.index("SCLIP", start) + 1] == value


def test_the_oracle_is_marked_and_never_best():
    text = text_of(results())
    assert text[text.index("oracle") + 1] == "knows the words of the image"
    assert text[text.index("whole") + 1] == "best without that knowledge"
    rows = (Row("GEM", scores(14.0, 26.0, 12.0)),)
    assert best_column(results(), lambda scores: scores.miou) == 2
    assert best_column(Results(COLUMNS, rows, 1), lambda scores: scores.miou) == 0


def test_intervals():
    text = "".join(text_of(results()))
    assert "+10.0 [+8.0, +12.5]" in text
    assert "\N{MINUS SIGN}2.0 [\N{MINUS SIGN}4.0, 0.0]" in text
    assert "Difference" not in text_of(Results(COLUMNS, (Row("GEM", scores(1, 2, 3)),), 1))


def test_signs():
    minus = "\N{MINUS SIGN}"
    for value, text in ((0.04, "0.0"), (-0.04, "0.0"), (-0.06, f"{minus}0.1"), (2, "+2.0")):
        assert signed(value) == text


def test_without_methods():
    empty = Results(COLUMNS, (), 0)
    assert bar_chart(empty) == ""
    assert best_column(empty, lambda scores: scores.miou) is None
    assert all(column.title in results_tables(empty) for column in COLUMNS)

"""The bars' lengths, values as text, and what a screen reader is told."""

import pytest

from freecp_d2.visualization.html import Results
from freecp_d2.visualization.html.chart import _LABELS, _LENGTH, bar_chart, column_role, scale_end

from .balance import read
from .samples import COLUMNS, results


@pytest.mark.parametrize(
    ("highest", "end"), [(0.0, 5), (4.9, 5), (5.0, 5), (5.1, 10), (30.7, 35), (100.0, 100)]
)
def test_scale(highest, end):
    assert scale_end(highest) == end


def test_lengths_share_one_scale():
    # The highest value is 30, so the axis ends there: 10, 30, 20 and 14, 26, 12 of 30.
    bars = read(bar_chart(results())).all("rect")
    expected = [_LENGTH * value / 30 for value in (10, 30, 20, 14, 26, 12)]
    assert [float(bar["width"]) for bar in bars] == pytest.approx(expected, abs=0.05)


def test_the_line_marks_the_method_alone():
    lines = read(bar_chart(results())).all("line")
    expected = [_LABELS + _LENGTH * value / 30 for value in (10, 14)]
    assert [float(line["x1"]) for line in lines] == pytest.approx(expected, abs=0.05)


def test_values_are_text():
    text = read(bar_chart(results())).text
    assert [t for t in text if t.replace(".", "").isdigit()] == [
        *("10.0", "30.0", "20.0"),
        *("14.0", "26.0", "12.0"),
    ]


def test_each_panel_says_what_it_is():
    found = read(bar_chart(results()))
    assert len(found.all("svg", role="img")) == len(found.all("title")) == 2
    assert "mIoU of SCLIP, in percent" in found.text
    assert "alone 14.0; oracle 26.0; whole 12.0. The dashed line marks alone." in found.text


def test_roles():
    columns = (*COLUMNS[:2], COLUMNS[0], COLUMNS[2])
    assert [column_role(columns, i) for i in range(4)] == ["alone", "oracle", "step", "whole"]


def test_nothing_of_no_methods():
    assert bar_chart(Results(COLUMNS, (), 0)) == ""

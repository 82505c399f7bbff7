"""The tables' numbers, which column is best, and signs."""

import pytest

from freecp_d2.visualization.html import Results, Row
from freecp_d2.visualization.html.table import _signed, best_column, results_tables

from .balance import read
from .samples import COLUMNS, results, scores


def text_of(results):
    return [text for text in read(results_tables(results)).text if text.strip()]


def test_rows_and_means():
    text = text_of(results())
    start = text.index("SCLIP")
    assert text[start : start + 4] == ["SCLIP", "10.0", "30.0", "20.0"]
    start = text.index("mean")
    assert text[start : start + 4] == ["mean", "12.0", "28.0", "16.0"]


def test_a_table_a_measure():
    found = read(results_tables(results()))
    assert len(found.all("table")) == 4
    assert len(found.all("details")) == 1
    text = text_of(results())
    start = text.index("Pixel accuracy, in percent")
    assert text[text.index("SCLIP", start) + 1] == "20.0"


def test_cells_have_heads():
    found = read(results_tables(results()))
    assert len(found.all("th", scope="row")) == 4 * 3
    assert {head.get("scope") for head in found.all("th")} == {"row", "col"}


def test_the_oracle_is_marked_and_never_best():
    assert best_column(results(), lambda scores: scores.miou) == 2
    text = text_of(results())
    assert text[text.index("oracle") + 1] == "knows the words of the image"
    assert text[text.index("whole") + 1] == "best without that knowledge"


def test_best_follows_the_numbers():
    rows = (Row("GEM", scores(14.0, 26.0, 12.0)),)
    assert best_column(Results(COLUMNS, rows, 1), lambda scores: scores.miou) == 0
    assert best_column(Results(COLUMNS, (), 0), lambda scores: scores.miou) is None


def test_intervals():
    text = "".join(text_of(results()))
    assert "+10.0 [+8.0, +12.5]" in text
    assert "\N{MINUS SIGN}2.0 [\N{MINUS SIGN}4.0, 0.0]" in text


def test_no_interval_no_column():
    assert "Difference" not in text_of(Results(COLUMNS, (Row("GEM", scores(1, 2, 3)),), 1))


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0"), (-0.04, "0.0"), (-0.06, "\N{MINUS SIGN}0.1"), (2, "+2.0")]
)
def test_signs(value, text):
    assert _signed(value) == text

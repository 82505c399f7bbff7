"""Results of cells and their means; the table as text: marks and footnotes."""

import pytest

from freecp_d2.apps.reproduce.plan import Cell, Grid
from freecp_d2.apps.reproduce.results import CellResult, average, average_title
from freecp_d2.apps.reproduce.tables import METHODS, read_table, table_columns, table_rows
from freecp_d2.apps.reproduce.writing import lay_out


def make(number, benchmarks=None, result=None, left_out=None):
    """A grid without runs, and the same result everywhere."""
    table = read_table(number)
    columns = table_columns(table, benchmarks or table.benchmarks, tuple(METHODS))
    rows = table_rows(table, tuple(METHODS))
    cells = {
        (row.key, column.title): Cell(row, column, table.number_of(row.key, column.key))
        for row in rows
        for column in columns
    }
    result = result or {"state": "open"}
    results = {place: CellResult(paper=cell.paper, **result) for place, cell in cells.items()}
    return Grid(table, rows, columns, cells, left_out or {}), results


def lines_of(layout, title):
    """label -> cells of a row, which has the lines "paper", "ours" and "diff"."""
    start = next(i for i, line in enumerate(layout.lines) if line[0] == title)
    return {line[1]: line[2:] for line in layout.lines[start : start + 3]}


def test_difference_of_the_printed_numbers():
    for paper, ours, difference, verdict in (
        *(
            (59.1, 59.44, 0.3, "within"),
            (59.1, 59.46, 0.4, "outside"),
            (59.1, 58.8, -0.3, "within"),
        ),
        *((18.4, 18.0, -0.4, "outside"), (None, 18.0, None, ""), (18.4, None, None, "")),
    ):
        result = CellResult("done", paper, ours, images=10, official=10)
        assert (result.difference, result.verdict) == (difference, verdict)
    for official, expected in ((10, "within"), (2000, "subset"), (None, "within")):
        result = CellResult("done", 18.4, 18.4, images=10, official=official)
        assert (result.is_subset, result.verdict) == (expected == "subset", expected)


def equal_results(grid, row, shift=0.0, official=10):
    """Results of a row that are the paper's plus `shift`, of 10 images."""
    papers = {c.title: grid.table.number_of(row, c.key) for c in grid.columns}
    return {
        (row, title): CellResult("done", paper, (paper or 50.0) + shift, None, 10, official)
        for title, paper in papers.items()
    }


def test_mean_of_all_benchmarks():
    grid, _ = make(2)
    found = equal_results(grid, "sclip", shift=0.2)
    mean = average(grid, found, "sclip")
    assert average_title(grid) == "Avg."
    assert (mean.paper, mean.ours) == (38.2, pytest.approx(38.1625 + 0.2))
    assert (mean.difference, mean.verdict) == (0.2, "within")
    part = average(grid, equal_results(grid, "sclip", official=20), "sclip")
    assert part.verdict == "subset"
    found["sclip", "City"] = CellResult("open", 32.2)
    mean = average(grid, found, "sclip")
    assert (mean.state, mean.paper, mean.ours) == ("open", 38.2, None)


def test_mean_of_some_benchmarks():
    """Storybook is in neither mean."""
    grid, _ = make(2, ["voc21", "ade20k", "storybook"])
    mean = average(grid, equal_results(grid, "gem"), "gem")
    assert average_title(grid) == "Avg. 2"
    assert mean.paper == mean.ours == pytest.approx((56.9 + 15.7) / 2)
    for other in (make(3), make(2, ["voc21"])):
        assert average_title(other[0]) == ""


def test_differences_within_and_outside_the_tolerance():
    grid, results = make(1)
    whole = {"images": 10, "official": 10}
    results["baseline", "VOC21"] = CellResult("done", 59.4, 59.21, **whole)
    results["baseline", "ADE"] = CellResult("done", 15.6, 17.0, **whole)
    layout = lay_out(grid, results)
    lines = lines_of(layout, "Baseline")
    assert lines["paper"] == ["59.4", "29.7", "33.4", "32.0", "15.6", "22.1"]
    assert lines["ours"] == ["59.2", "...", "...", "...", "17.0", "..."]
    assert lines["diff"] == ["-0.2", "", "", "", "!+1.4", ""]
    compared, to_run = layout.remarks
    assert compared.startswith("1 of 2 differences are within 0.3 mIoU")
    assert "! marks the others (1)" in compared
    assert "(16)" in to_run


def test_a_part_of_the_images_is_marked():
    grid, results = make(1)
    results["refine", "ADE"] = CellResult("done", 7.6, 9.0, images=50, official=2000)
    layout = lay_out(grid, results)
    lines = lines_of(layout, "Refine w/o GT")
    assert (lines["ours"][4], lines["diff"][4]) == ("~9.0", "~+1.4")
    assert layout.remarks[0].startswith("~ 50 of 2000 images")


def test_rows_without_number_of_the_paper():
    done = {"state": "done", "ours": 34.5, "images": 150, "official": 150}
    grid, results = make(3, ["storybook"], done)
    layout = lay_out(grid, results)
    assert lines_of(layout, "RP-AP") == {"ours": ["34.5"]}
    assert layout.remarks == []
    grid, results = make(3, ["ade20k", "storybook"])
    assert lines_of(lay_out(grid, results), "AP")["paper"] == ["10.8", ""]


def test_footnotes_have_each_reason_once():
    grid, results = make(5)
    for column in grid.columns:
        results["dino", column.title] = CellResult("none", 1.0, reason="no config.")
    results["clip", "ADE"] = CellResult("failed", 18.4, reason="exit code 3")
    layout = lay_out(grid, results)
    assert lines_of(layout, "DINO")["ours"] == ["-[1]"] * 6
    assert lines_of(layout, "CLIP")["ours"][4] == "failed[2]"
    assert layout.remarks[-2:] == ["[1] no config.", "[2] exit code 3"]


def test_remarks():
    reason = "expects 500 images, found none under /data. Expected there:\n  a\n  b"
    grid, results = make(3, ["ade20k"], left_out={"City": reason})
    expected = "Without City: expects 500 images, found none under /data."
    assert lay_out(grid, results).remarks[1:] == [expected]
    for row in ("ap", "rp_ap"):
        cell = grid.cells[row, "ADE"]
        cell.run, cell.notes = object(), ["a note."]
    assert lay_out(grid, results).remarks[-2:] == ["AP; RP-AP: a note.", expected]

"""The table as text: marks, footnotes, what fits on a terminal."""

import pytest

from freecp_d2.apps.reproduce.grid import Cell, Grid
from freecp_d2.apps.reproduce.layout import gist, lay_out, lay_out_states
from freecp_d2.apps.reproduce.outcomes import DONE, FAILED, NONE, OPEN, Outcome
from freecp_d2.apps.reproduce.paper import read_table
from freecp_d2.apps.reproduce.tables import METHODS, table_columns, table_rows


def make(number, benchmarks=None, outcome=None, left_out=None):
    """A grid without runs, and the same outcome everywhere."""
    table = read_table(number)
    columns = table_columns(table, benchmarks or table.benchmarks, tuple(METHODS))
    rows = table_rows(table, tuple(METHODS))
    cells, outcomes = {}, {}
    for row in rows:
        for column in columns:
            place = row.key, column.title
            paper = table.number_of(row.key, column.key)
            cells[place] = Cell(row, column, paper)
            settings = {"state": OPEN, "paper": paper} | (outcome or {})
            outcomes[place] = Outcome(**settings)
    return Grid(table, rows, columns, cells, left_out or {}), outcomes


def lines_of(layout, title):
    """label -> cells of a row."""
    start = next(i for i, line in enumerate(layout.lines) if line[0] == title)
    rows = [layout.lines[start]]
    for line in layout.lines[start + 1 :]:
        if line[0]:
            break
        rows.append(line)
    return {line[1]: line[2:] for line in rows}


class TestMarks:
    def test_within_and_outside(self):
        grid, outcomes = make(1)
        whole = {"images": 10, "official": 10}
        outcomes["baseline", "VOC21"] = Outcome(DONE, 59.4, 59.21, **whole)
        outcomes["baseline", "ADE"] = Outcome(DONE, 15.6, 17.0, **whole)
        layout = lay_out(grid, outcomes)
        lines = lines_of(layout, "Baseline")
        assert lines["paper"] == ["59.4", "29.7", "33.4", "32.0", "15.6", "22.1"]
        assert lines["ours"] == ["59.2", "...", "...", "...", "17.0", "..."]
        assert lines["diff"] == ["-0.2", "", "", "", "!+1.4", ""]
        assert layout.remarks == [
            "1 of 2 differences are within 0.3 mIoU of the paper; ! marks the others (1).",
            "... still to run (16); the same command goes on.",
        ]

    def test_a_part_of_the_images(self):
        grid, outcomes = make(1)
        outcomes["refine", "ADE"] = Outcome(DONE, 7.6, 9.0, images=50, official=2000)
        layout = lay_out(grid, outcomes)
        lines = lines_of(layout, "Refine w/o GT")
        assert (lines["ours"][4], lines["diff"][4]) == ("~9.0", "~+1.4")
        assert layout.remarks[0] == "~ 50 of 2000 images: not comparable."

    def test_no_number_of_the_paper(self):
        grid, outcomes = make(
            3, ["storybook"], {"state": DONE, "ours": 34.5, "images": 150, "official": 150}
        )
        layout = lay_out(grid, outcomes)
        assert lines_of(layout, "RP-AP") == {"ours": ["34.5"]}
        assert layout.remarks == []

    def test_storybook_beside_the_papers(self):
        grid, outcomes = make(3, ["ade20k", "storybook"])
        assert lines_of(lay_out(grid, outcomes), "AP")["paper"] == ["10.8", ""]

    def test_footnotes_name_each_reason_once(self):
        grid, outcomes = make(5)
        for column in grid.columns:
            outcomes["dino", column.title] = Outcome(NONE, 1.0, reason="no config.")
        outcomes["clip", "ADE"] = Outcome(FAILED, 18.4, reason="exit code 3")
        layout = lay_out(grid, outcomes)
        assert lines_of(layout, "DINO")["ours"] == ["-[1]"] * 6
        assert lines_of(layout, "CLIP")["ours"][4] == "failed[2]"
        assert layout.remarks[-2:] == ["[1] no config.", "[2] exit code 3"]


@pytest.mark.parametrize("number", range(1, 7))
def test_it_fits_on_a_terminal(number):
    grid, outcomes = make(number, None, {"state": DONE, "ours": 0.0, "images": 5, "official": 9})
    table = lay_out(grid, outcomes).terminal()
    assert max(map(len, table.splitlines())) <= 100


def test_the_average_is_the_last_column():
    grid, outcomes = make(2)
    layout = lay_out(grid, outcomes)
    assert layout.headers[-1] == "Avg."
    assert lines_of(layout, "SCLIP + FreeCP")["paper"][-1] == "42.1"


def test_left_out():
    reason = "expects 500 images, found none under /data. Expected there:\n  a\n  b"
    grid, outcomes = make(3, ["ade20k"], left_out={"City": reason})
    expected = "Without City: expects 500 images, found none under /data."
    assert lay_out(grid, outcomes).remarks[-1] == expected
    assert lay_out_states(grid, outcomes).remarks == [expected]


def test_notes_name_their_rows():
    grid, outcomes = make(3, ["ade20k"])
    for row in ("ap", "rp_ap"):
        cell = grid.cells[row, "ADE"]
        cell.run, cell.notes = object(), ["a note."]
    assert "AP; RP-AP: a note." in lay_out(grid, outcomes).remarks


def test_states():
    grid, outcomes = make(1, ["ade20k"])
    outcomes["baseline", "ADE"] = Outcome(DONE, 1.0, 1.0)
    outcomes["refine", "ADE"] = Outcome(NONE, 1.0, reason="why")
    layout = lay_out_states(grid, outcomes)
    assert [line[1] for line in layout.lines] == ["done", "-[1]", "to run"]
    assert layout.remarks == ["[1] why"]
    assert "ADE" in layout.terminal().splitlines()[0]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("one line", "one line"), ("a. b:\nc", "a."), ("a:\nb", "a:"), ("a\nb", "a")],
)
def test_gist(reason, expected):
    assert gist(reason) == expected

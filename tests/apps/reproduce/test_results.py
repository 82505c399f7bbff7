"""Outcomes: differences and verdicts by hand, means of rows."""

import pytest

from freecp_d2.apps.reproduce.grid import Grid
from freecp_d2.apps.reproduce.outcomes import (
    DONE,
    FAILED,
    NONE,
    OPEN,
    Outcome,
    average,
    average_title,
    read_outcomes,
)
from freecp_d2.apps.reproduce.paper import read_table
from freecp_d2.apps.reproduce.plan import plan_grid
from freecp_d2.apps.reproduce.runs import execute
from freecp_d2.apps.reproduce.tables import METHODS, table_columns, table_rows

from .sandbox import answer, request


@pytest.mark.parametrize(
    ("paper", "ours", "difference", "verdict"),
    [
        (59.1, 59.1, 0.0, "within"),
        (59.1, 59.4, 0.3, "within"),
        (59.1, 59.44, 0.3, "within"),
        (59.1, 59.46, 0.4, "outside"),
        (59.1, 58.8, -0.3, "within"),
        (18.4, 18.0, -0.4, "outside"),
        (None, 18.0, None, ""),
        (18.4, None, None, ""),
    ],
)
def test_as_printed(paper, ours, difference, verdict):
    outcome = Outcome(DONE, paper, ours, images=10, official=10)
    assert (outcome.difference, outcome.verdict) == (difference, verdict)


@pytest.mark.parametrize(("official", "expected"), [(10, False), (2000, True), (None, False)])
def test_a_part_of_the_images(official, expected):
    outcome = Outcome(DONE, 18.4, 18.4, images=10, official=official)
    assert outcome.is_subset == expected
    assert outcome.verdict == ("subset" if expected else "within")


def test_from_files(root):
    grid = plan_grid(request(root, 4, methods=("sclip",), limit=50))
    answer(root, grid.runs(), images=50)
    assert execute(grid.runs()[0], root, 1, lambda stage: None) == ""
    found = read_outcomes(grid)
    done, absent = found["baseline_template", "SCLIP"], found["gpt_gpt", "SCLIP"]
    assert (done.state, done.ours, done.ours_mmseg) == (DONE, 10.0, 9.0)
    assert (done.images, done.official, done.paper) == (50, 150, None)
    assert (absent.state, absent.ours) == (NONE, None)
    assert "gpt=PATH" in absent.reason


def test_open_and_failed(root):
    grid = plan_grid(request(root, 1))
    failed = grid.runs()[1]
    found = read_outcomes(grid, {failed.name: "a line\nand more"})
    assert [outcome.state for outcome in found.values()] == [OPEN, FAILED, OPEN]
    assert found["refine", "Storybook"].reason == "a line"


class TestAverages:
    def grid(self, number=2, benchmarks=None):
        table = read_table(number)
        columns = table_columns(table, benchmarks or table.benchmarks, tuple(METHODS))
        return Grid(table, table_rows(table, tuple(METHODS)), columns, {}, {})

    def outcomes(self, grid, row, shift=0.0, **changes):
        return {
            (row, column.title): Outcome(
                DONE,
                grid.table.number_of(row, column.key),
                (grid.table.number_of(row, column.key) or 50.0) + shift,
                **({"images": 10, "official": 10} | changes),
            )
            for column in grid.columns
        }

    def test_of_all(self):
        grid = self.grid()
        mean = average(grid, self.outcomes(grid, "sclip", shift=0.2), "sclip")
        assert average_title(grid) == "Avg."
        assert (mean.paper, mean.ours) == (38.2, pytest.approx(38.1625 + 0.2))
        assert (mean.difference, mean.verdict) == (0.2, "within")

    def test_of_some(self):
        """The paper's mean of the same; Storybook is in neither."""
        grid = self.grid(benchmarks=["voc21", "ade20k", "storybook"])
        mean = average(grid, self.outcomes(grid, "gem"), "gem")
        assert average_title(grid) == "Avg. 2"
        assert mean.paper == mean.ours == pytest.approx((56.9 + 15.7) / 2)

    def test_not_before_all_are_done(self):
        grid = self.grid()
        found = self.outcomes(grid, "sclip")
        found["sclip", "City"] = Outcome(OPEN, 32.2)
        mean = average(grid, found, "sclip")
        assert (mean.state, mean.paper, mean.ours) == (OPEN, 38.2, None)

    def test_of_a_part_of_the_images(self):
        grid = self.grid()
        mean = average(grid, self.outcomes(grid, "sclip", official=20), "sclip")
        assert mean.verdict == "subset"

    def test_where_there_is_none(self):
        assert average_title(self.grid(3)) == ""
        assert average_title(self.grid(benchmarks=["voc21"])) == ""

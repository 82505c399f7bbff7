"""Results of cells: differences and verdicts by hand, means of rows."""

import pytest

from freecp_d2.apps.reproduce.plan import Grid
from freecp_d2.apps.reproduce.results import CellResult, average, average_title
from freecp_d2.apps.reproduce.tables import METHODS, read_table, table_columns, table_rows


def test_difference_of_the_printed_numbers():
    for paper, ours, difference, verdict in (
        *((59.1, 59.1, 0.0, "within"), (59.1, 59.4, 0.3, "within"), (59.1, 59.44, 0.3, "within")),
        *((59.1, 59.46, 0.4, "outside"), (59.1, 58.8, -0.3, "within")),
        *((18.4, 18.0, -0.4, "outside"), (None, 18.0, None, ""), (18.4, None, None, "")),
    ):
        result = CellResult("done", paper, ours, images=10, official=10)
        assert (result.difference, result.verdict) == (difference, verdict)
    for official, expected in ((10, "within"), (2000, "subset"), (None, "within")):
        result = CellResult("done", 18.4, 18.4, images=10, official=official)
        assert (result.is_subset, result.verdict) == (expected == "subset", expected)


class TestAverages:
    def grid(self, number=2, benchmarks=None):
        table = read_table(number)
        columns = table_columns(table, benchmarks or table.benchmarks, tuple(METHODS))
        return Grid(table, table_rows(table, tuple(METHODS)), columns, {}, {})

    def results(self, grid, row, shift=0.0, **changes):
        return {
            (row, column.title): CellResult(
                "done",
                grid.table.number_of(row, column.key),
                (grid.table.number_of(row, column.key) or 50.0) + shift,
                **({"images": 10, "official": 10} | changes),
            )
            for column in grid.columns
        }

    def test_of_all(self):
        grid = self.grid()
        found = self.results(grid, "sclip", shift=0.2)
        mean = average(grid, found, "sclip")
        assert average_title(grid) == "Avg."
        assert (mean.paper, mean.ours) == (38.2, pytest.approx(38.1625 + 0.2))
        assert (mean.difference, mean.verdict) == (0.2, "within")
        part = average(grid, self.results(grid, "sclip", official=20), "sclip")
        assert part.verdict == "subset"
        found["sclip", "City"] = CellResult("open", 32.2)
        mean = average(grid, found, "sclip")
        assert (mean.state, mean.paper, mean.ours) == ("open", 38.2, None)

    def test_of_some(self):
        """Storybook is in neither mean."""
        grid = self.grid(benchmarks=["voc21", "ade20k", "storybook"])
        mean = average(grid, self.results(grid, "gem"), "gem")
        assert average_title(grid) == "Avg. 2"
        assert mean.paper == mean.ours == pytest.approx((56.9 + 15.7) / 2)
        assert average_title(self.grid(3)) == ""
        assert average_title(self.grid(benchmarks=["voc21"])) == ""

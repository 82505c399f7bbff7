"""Tables of results as text, for a terminal and for Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from tabulate import DataRow, Line, TableFormat, tabulate

from .grid import Grid
from .paper import TOLERANCE
from .results import CellResult, CellResults, average, average_title

_SPACED = DataRow("", " ", "")
NARROW = TableFormat(None, Line("", "-", " ", ""), None, None, _SPACED, _SPACED, 0, None)


@dataclass
class Layout:
    """A table of text, without its style."""

    title: str
    headers: list[str]  # "" above the text columns on the left
    lines: list[list[str]]  # a row of the grid has up to three
    remarks: list[str]  # below the table

    def table(self, style: str | TableFormat = NARROW) -> str:
        """The table; `NARROW` fits eight benchmarks and their mean in 100 characters."""
        align = ["right" if header else "left" for header in self.headers]
        return tabulate(self.lines, self.headers, style, disable_numparse=True, colalign=align)


class _Footnotes(dict[str, int]):
    """Reason -> its number in the table."""

    def mark(self, reason: str) -> str:
        return f"[{self.setdefault(reason, len(self) + 1)}]"

    def texts(self) -> list[str]:
        return [f"[{number}] {reason}" for reason, number in self.items()]


def lay_out(grid: Grid, results: CellResults) -> Layout:
    """The table of numbers: the paper's, ours, and the differences."""
    footnotes = _Footnotes()
    titles = [column.title for column in grid.columns]
    means = [average_title(grid)] if average_title(grid) else []
    lines: list[list[str]] = []
    for row in grid.rows:
        found = [results[row.key, title] for title in titles]
        found += [average(grid, results, row.key) for _ in means]
        lines += _row_lines(row.title, found, footnotes)
    title = f"{grid.table.name}: {grid.table.title}, mIoU in percent"
    remarks = [*_verdicts(results), *footnotes.texts(), *_notes(grid)]
    return Layout(title, ["", "", *titles, *means], lines, remarks)


def _row_lines(title: str, found: Sequence[CellResult], footnotes: _Footnotes) -> list[list[str]]:
    ours = ["ours", *(_ours(result, footnotes) for result in found)]
    if all(result.paper is None for result in found):
        return [[title, *ours]]
    paper = ["paper", *("" if r.paper is None else f"{r.paper:.1f}" for r in found)]
    return [[title, *paper], ["", *ours], ["", "diff", *map(_difference, found)]]


def _ours(result: CellResult, footnotes: _Footnotes) -> str:
    if result.state in ("none", "failed"):
        return ("-" if result.state == "none" else "failed") + footnotes.mark(result.reason)
    if result.ours is None:
        return "..." if result.state == "open" else "-"
    return f"{'~' if result.is_subset else ''}{result.ours:.1f}"


def _difference(result: CellResult) -> str:
    if result.difference is None:
        return ""
    mark = {"": "", "within": "", "outside": "!", "subset": "~"}[result.verdict]
    return f"{mark}{result.difference:+.1f}"


def _verdicts(results: CellResults) -> list[str]:
    found = list(results.values())
    remarks = []
    within, outside = (sum(r.verdict == each for r in found) for each in ("within", "outside"))
    if compared := within + outside:
        remarks.append(
            f"{within} of {compared} differences are within {TOLERANCE} mIoU of the paper"
            + (f"; ! marks the others ({outside})." if outside else ".")
        )
    subsets = sorted({(r.images, r.official or 0) for r in found if r.is_subset})
    if subsets:
        counts = ", ".join(f"{images} of {official}" for images, official in subsets)
        remarks.append(f"~ {counts} images: not comparable.")
    if to_run := sum(result.state == "open" for result in found):
        remarks.append(f"... still to run ({to_run}); the same command continues.")
    return remarks


def _notes(grid: Grid) -> list[str]:
    """Each note with its rows, then the benchmarks without data."""
    rows: dict[str, dict[str, None]] = {}
    for cell in grid.cells.values():
        for note in cell.notes if cell.run else []:
            rows.setdefault(note, {})[cell.row.title] = None
    notes = [f"{'; '.join(titles)}: {note}" for note, titles in rows.items()]
    return notes + [f"Without {title}: {gist(text)}" for title, text in grid.left_out.items()]


def gist(reason: str) -> str:
    """The first line of a message, without a last sentence that announces a list."""
    line = reason.partition("\n")[0]
    return line.rpartition(". ")[0] + "." if line.endswith(":") and ". " in line else line

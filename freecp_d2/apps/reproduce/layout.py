"""A grid and its outcomes as the words and numbers of a table, for a terminal and for Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tabulate import DataRow, Line, TableFormat, tabulate

from .grid import Grid
from .outcomes import (
    DONE,
    FAILED,
    NONE,
    OPEN,
    OUTSIDE,
    SUBSET,
    WITHIN,
    Outcome,
    Outcomes,
    average,
    average_title,
)
from .paper import TOLERANCE

_NARROW = TableFormat(
    lineabove=None,
    linebelowheader=Line("", "-", " ", ""),
    linebetweenrows=None,
    linebelow=None,
    headerrow=DataRow("", " ", ""),
    datarow=DataRow("", " ", ""),
    padding=0,
    with_header_hide=None,
)


@dataclass
class Layout:
    """
    Attributes:
        title: what the table shows.
        headers: of the columns.
        lines: one string a column; a row of the grid takes up to three lines.
        remarks: below the table.
        num_labels: columns on the left that are words.
    """

    title: str
    headers: list[str]
    lines: list[list[str]]
    remarks: list[str] = field(default_factory=list)
    num_labels: int = 2

    def terminal(self) -> str:
        """The table alone, as narrow as can be: eight benchmarks and their mean on 100 columns."""
        return self._table(_NARROW)

    def markdown(self) -> str:
        """The table alone."""
        return self._table("pipe")

    def _table(self, style: str | TableFormat) -> str:
        align = ["left" if i < self.num_labels else "right" for i in range(len(self.headers))]
        return tabulate(
            self.lines,
            headers=self.headers,
            tablefmt=style,
            colalign=align,
            disable_numparse=True,
        )


class _Footnotes:
    """Reasons, each once, and the numbers by which cells name them."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def mark(self, reason: str) -> str:
        return f"[{self.numbers.setdefault(reason, len(self.numbers) + 1)}]"

    def texts(self) -> list[str]:
        return [f"[{number}] {reason}" for reason, number in self.numbers.items()]


def lay_out(grid: Grid, outcomes: Outcomes) -> Layout:
    """The table as it is printed."""
    footnotes = _Footnotes()
    mean_title = average_title(grid)
    titles = [column.title for column in grid.columns]
    lines: list[list[str]] = []
    for row in grid.rows:
        found = [outcomes[row.key, title] for title in titles]
        found += [average(grid, outcomes, row.key)] if mean_title else []
        lines += _row_lines(row.title, found, footnotes)
    return Layout(
        f"Tab. {grid.table.number}: {grid.table.title}, mIoU in percent",
        ["", "", *titles, *([mean_title] if mean_title else [])],
        lines,
        [*_verdicts(outcomes), *footnotes.texts(), *_notes(grid), *_left_out(grid)],
    )


def lay_out_states(grid: Grid, outcomes: Outcomes) -> Layout:
    """What is done and what is not, without numbers."""
    footnotes = _Footnotes()
    titles = [column.title for column in grid.columns]
    words = {DONE: "done", OPEN: "to run", FAILED: "failed"}
    lines = []
    for row in grid.rows:
        found = [outcomes[row.key, title] for title in titles]
        texts = [words.get(o.state) or f"-{footnotes.mark(o.reason)}" for o in found]
        lines.append([row.title, *texts])
    return Layout(
        f"Tab. {grid.table.number}: {grid.table.title}",
        ["", *titles],
        lines,
        [*footnotes.texts(), *_notes(grid), *_left_out(grid)],
        num_labels=1,
    )


def _row_lines(title: str, found: Sequence[Outcome], footnotes: _Footnotes) -> list[list[str]]:
    """The paper's numbers, ours and the differences; ours alone if the paper has none."""
    ours = ["ours", *(_ours(outcome, footnotes) for outcome in found)]
    if all(outcome.paper is None for outcome in found):
        return [[title, *ours]]
    paper = ["paper", *("" if o.paper is None else f"{o.paper:.1f}" for o in found)]
    return [[title, *paper], ["", *ours], ["", "diff", *map(_difference, found)]]


def _ours(outcome: Outcome, footnotes: _Footnotes) -> str:
    if outcome.state == NONE:
        return f"-{footnotes.mark(outcome.reason)}"
    if outcome.state == FAILED:
        return f"failed{footnotes.mark(outcome.reason)}"
    if outcome.state == OPEN or outcome.ours is None:
        return "..." if outcome.state == OPEN else "-"
    return f"{'~' if outcome.is_subset else ''}{outcome.ours:.1f}"


def _difference(outcome: Outcome) -> str:
    if outcome.difference is None:
        return ""
    return {WITHIN: "", OUTSIDE: "!", SUBSET: "~"}[outcome.verdict] + f"{outcome.difference:+.1f}"


def _verdicts(outcomes: Outcomes) -> list[str]:
    """What the marks mean, as far as there are any."""
    found = list(outcomes.values())
    remarks = []
    count = {verdict: sum(o.verdict == verdict for o in found) for verdict in (WITHIN, OUTSIDE)}
    if compared := sum(count.values()):
        remarks.append(
            f"{count[WITHIN]} of {compared} differences are within {TOLERANCE} mIoU of the paper"
            + (f"; ! marks the others ({count[OUTSIDE]})." if count[OUTSIDE] else ".")
        )
    subsets = sorted({(o.images, o.official or 0) for o in found if o.is_subset})
    if subsets:
        counts = ", ".join(f"{images} of {official}" for images, official in subsets)
        remarks.append(f"~ {counts} images: not comparable.")
    states = [outcome.state for outcome in found]
    if OPEN in states:
        remarks.append(f"... still to run ({states.count(OPEN)}); the same command goes on.")
    return remarks


def _notes(grid: Grid) -> list[str]:
    """Each note once, with the rows that it is about."""
    rows: dict[str, dict[str, None]] = {}
    for cell in grid.cells.values():
        for note in cell.notes if cell.run else []:
            rows.setdefault(note, {})[cell.row.title] = None
    return [f"{'; '.join(titles)}: {note}" for note, titles in rows.items()]


def _left_out(grid: Grid) -> list[str]:
    return [f"Without {title}: {gist(reason)}" for title, reason in grid.left_out.items()]


def gist(reason: str) -> str:
    """The first line of a message, without the announcement of a list below it."""
    line = reason.partition("\n")[0]
    return line.rpartition(". ")[0] + "." if line.endswith(":") and ". " in line else line

"""What came of each cell, beside what the paper prints."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .grid import Cell, Grid
from .paper import AVERAGE, TOLERANCE
from .runs import read_record
from .tables import Column

DONE, OPEN, FAILED, NONE = "done", "open", "failed", "none"
WITHIN, OUTSIDE, SUBSET = "within", "outside", "subset"


@dataclass(frozen=True)
class Outcome:
    """
    Attributes:
        state: done | open (still to run) | failed | none (cannot run).
        paper: mIoU in percent that the paper prints; None if it prints none.
        ours: mIoU in percent over the classes that occur (Detectron2).
        ours_mmseg: over those that occur or are predicted (mmsegmentation).
        images: how many were evaluated.
        official: how many the benchmark has; None if unknown.
        reason: why it failed or cannot run.
        record: the run's `results.json`.
    """

    state: str
    paper: float | None = None
    ours: float | None = None
    ours_mmseg: float | None = None
    images: int = 0
    official: int | None = None
    reason: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_subset(self) -> bool:
        """Not all images of the benchmark: comparable with nothing."""
        return self.state == DONE and self.official is not None and self.images != self.official

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's, of the numbers as they are printed (one decimal)."""
        if self.ours is None or self.paper is None:
            return None
        return round(round(self.ours, 1) - self.paper, 1)

    @property
    def verdict(self) -> str:
        """within | outside the tolerance | subset; "" without a difference."""
        if self.difference is None:
            return ""
        if self.is_subset:
            return SUBSET
        return WITHIN if abs(self.difference) <= TOLERANCE else OUTSIDE


Outcomes = Mapping[tuple[str, str], Outcome]


def read_outcomes(grid: Grid, failures: Mapping[str, str] | None = None) -> Outcomes:
    """
    Args:
        failures: name of a run -> why it failed.

    Returns:
        Outcomes: (row's key, column's title) -> outcome, from the files of the runs.
    """
    return {place: _read(cell, failures or {}) for place, cell in grid.cells.items()}


def _read(cell: Cell, failures: Mapping[str, str]) -> Outcome:
    if cell.run is None:
        return Outcome(NONE, cell.paper, reason=cell.reason)
    if cell.run.name in failures:
        return Outcome(FAILED, cell.paper, reason=failures[cell.run.name].partition("\n")[0])
    record = read_record(cell.run)
    if record is None:
        return Outcome(OPEN, cell.paper)
    (dataset,) = cell.run.cfg.DATASETS.TEST
    scores, images = record["results"][dataset]["sem_seg"], record["images"][dataset]
    return Outcome(
        DONE,
        cell.paper,
        scores["mIoU"],
        scores.get("mIoU_mmseg"),
        images["evaluated"],
        images["official"],
        record=record,
    )


def average_title(grid: Grid) -> str:
    """Heading of the column of means, which says if it is not of all; "" for no such column."""
    if AVERAGE not in grid.table.columns:
        return ""
    averaged = _averaged(grid)
    if len(averaged) == len(grid.table.benchmarks):
        return "Avg."
    return f"Avg. {len(averaged)}" if len(averaged) > 1 else ""


def average(grid: Grid, outcomes: Outcomes, row: str) -> Outcome:
    """
    The mean of a row over the paper's benchmarks among the columns; of all of them, the paper's
    own mean stands beside it, else the mean of its numbers.
    """
    columns = _averaged(grid)
    found = [outcomes[row, column.title] for column in columns]
    paper = _mean([outcome.paper for outcome in found])
    if len(columns) == len(grid.table.benchmarks):
        paper = grid.table.number_of(row, AVERAGE)
    if any(outcome.state != DONE for outcome in found):
        return Outcome(OPEN, paper)
    is_subset = any(outcome.is_subset for outcome in found)
    return Outcome(
        DONE,
        paper,
        _mean([outcome.ours for outcome in found]),
        _mean([outcome.ours_mmseg for outcome in found]),
        images=sum(outcome.images for outcome in found),
        official=sum(outcome.official or 0 for outcome in found) if is_subset else None,
    )


def _averaged(grid: Grid) -> list[Column]:
    return [column for column in grid.columns if column.key in grid.table.benchmarks]


def _mean(values: Iterable[float | None]) -> float | None:
    known = list(values)
    numbers = [value for value in known if value is not None]
    return sum(numbers) / len(numbers) if numbers and len(numbers) == len(known) else None

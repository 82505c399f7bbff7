"""The result of each cell, beside the paper's number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .plan import Cell, Grid
from .runs import read_record
from .tables import AVERAGE, TOLERANCE, Column


@dataclass(frozen=True)
class CellResult:
    """The result of a cell; numbers are mIoU in percent."""

    state: Literal["done", "open", "failed", "none"]  # open: not run yet; none: cannot run
    paper: float | None = None
    ours: float | None = None  # over the classes that occur (Detectron2)
    ours_mmseg: float | None = None  # over those that occur or are predicted (mmsegmentation)
    images: int = 0  # evaluated
    official: int | None = None  # images of the benchmark, if known
    reason: str = ""  # why it failed or cannot run
    record: Mapping[str, Any] = field(default_factory=dict)  # the run's `results.json`

    @property
    def is_subset(self) -> bool:
        """Evaluated on a part of the benchmark, so not comparable."""
        return self.state == "done" and self.official is not None and self.images != self.official

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's, of the printed numbers (one decimal)."""
        if self.ours is None or self.paper is None:
            return None
        return round(round(self.ours, 1) - self.paper, 1)

    @property
    def verdict(self) -> Literal["", "within", "outside", "subset"]:
        """Within or outside the tolerance, or of a subset; "" without a difference."""
        if self.difference is None:
            return ""
        if self.is_subset:
            return "subset"
        return "within" if abs(self.difference) <= TOLERANCE else "outside"


CellResults = Mapping[tuple[str, str], CellResult]


def read_results(grid: Grid, failures: Mapping[str, str] | None = None) -> CellResults:
    """Read the results of all cells; `failures` has the reasons of failed runs by digest."""
    return {place: _read(cell, failures or {}) for place, cell in grid.cells.items()}


def _read(cell: Cell, failures: Mapping[str, str]) -> CellResult:
    if cell.run is None:
        return CellResult("none", cell.paper, reason=cell.reason)
    if cell.run.digest in failures:
        return CellResult("failed", cell.paper, reason=failures[cell.run.digest].partition("\n")[0])
    record = read_record(cell.run)
    if record is None:
        return CellResult("open", cell.paper)
    (dataset,) = cell.run.cfg.DATASETS.TEST
    scores, images = record["results"][dataset]["sem_seg"], record["images"][dataset]
    numbers = scores["mIoU"], scores.get("mIoU_mmseg"), images["evaluated"], images["official"]
    return CellResult("done", cell.paper, *numbers, record=record)


def average_title(grid: Grid) -> str:
    """Heading of the column of means: "Avg.", "Avg. 5" of five benchmarks, or "" for none."""
    if AVERAGE not in grid.table.columns:
        return ""
    count = len(_averaged(grid))
    if count == len(grid.table.benchmarks):
        return "Avg."
    return f"Avg. {count}" if count > 1 else ""


def average(grid: Grid, results: CellResults, row: str) -> CellResult:
    """
    The mean of a row over the paper's benchmarks among the columns.

    The paper's value is its own printed mean if all benchmarks are there, else that of its numbers.
    """
    found = [results[row, column.title] for column in _averaged(grid)]
    paper = _mean([result.paper for result in found])
    if len(found) == len(grid.table.benchmarks):
        paper = grid.table.number_of(row, AVERAGE)
    if any(result.state != "done" for result in found):
        return CellResult("open", paper)
    is_subset = any(result.is_subset for result in found)
    return CellResult(
        "done",
        paper,
        _mean([result.ours for result in found]),
        _mean([result.ours_mmseg for result in found]),
        images=sum(result.images for result in found),
        official=sum(result.official or 0 for result in found) if is_subset else None,
    )


def _averaged(grid: Grid) -> list[Column]:
    return [column for column in grid.columns if column.key in grid.table.benchmarks]


def _mean(values: Sequence[float | None]) -> float | None:
    """None if a value is missing."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None

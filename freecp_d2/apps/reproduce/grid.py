"""A table of the paper as cells that runs fill."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...d2 import CfgNode
from .paper import PaperTable
from .tables import Column, Row


@dataclass(frozen=True)
class Request:
    """The options of a command; see its help."""

    table: int | str
    root: Path  # of `configs/` and, in a clone, `train_net.py`
    output: Path
    benchmarks: tuple[str, ...] = ()  # keys; empty: those of the table whose data are found
    methods: tuple[str, ...] = ()
    limit: int = 0  # images of each run; 0: all
    sources: Mapping[str, str] = field(default_factory=dict)  # see `tables.cell_overrides`
    opts: tuple[str, ...] = ()  # "KEY", "VALUE" in turn, for every run
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Run:
    """One process of `train_net.py`."""

    config_file: Path
    opts: tuple[str, ...]  # "KEY", "VALUE" in turn, with OUTPUT_DIR
    cfg: CfgNode  # of `config_file` and `opts`
    digest: str  # of the settings that decide the numbers, see `engine.config_digest`
    folder: Path  # OUTPUT_DIR
    vocabulary: str  # SHA-256 of the words
    imports: tuple[str, ...] = ()


@dataclass
class Cell:
    """A cell of the table."""

    row: Row
    column: Column
    paper: float | None  # mIoU in percent
    run: Run | None = None
    reason: str = ""  # why there is no run
    notes: list[str] = field(default_factory=list)  # for the reader of the table


@dataclass(frozen=True)
class Grid:
    """The rows, columns and cells of a table."""

    table: PaperTable
    rows: list[Row]
    columns: list[Column]
    cells: dict[tuple[str, str], Cell]  # by row's key and column's title
    left_out: dict[str, str]  # heading of a benchmark without data -> the reason

    def runs(self) -> list[Run]:
        """Every run once, row by row."""
        runs = (cell.run for cell in self.cells.values() if cell.run)
        return list({run.digest: run for run in runs}.values())

    def cells_of(self, run: Run) -> list[Cell]:
        """The cells that a run fills."""
        return [cell for cell in self.cells.values() if cell.run and cell.run.digest == run.digest]

"""A table of the paper as cells that are filled by runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...d2 import CfgNode
from .paper import PaperTable
from .tables import Column, Row


@dataclass(frozen=True)
class Request:
    """
    The options of a command; see its help.

    Attributes:
        root: the folder of `configs/` and, in a clone, `train_net.py`.
        benchmarks: keys; empty: the benchmarks of the table whose data are found.
        limit: images of each run; 0: all.
        sources: text source -> file of descriptions, see `tables.cell_overrides`.
        opts: "KEY", "VALUE" in turn, for every run.
    """

    table: int
    root: Path
    output: Path
    benchmarks: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    limit: int = 0
    sources: Mapping[str, str] = field(default_factory=dict)
    opts: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Run:
    """
    One process of `train_net.py`.

    Attributes:
        opts: "KEY", "VALUE" in turn, with OUTPUT_DIR.
        cfg: the config of `config_file` and `opts`.
        digest: of the settings that decide the numbers, see `engine.config_digest`.
        folder: OUTPUT_DIR.
        vocabulary: SHA-256 of the words.
    """

    config_file: Path
    opts: tuple[str, ...]
    cfg: CfgNode
    digest: str
    folder: Path
    vocabulary: str
    imports: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"


@dataclass
class Cell:
    """
    A cell of the table.

    Attributes:
        paper: mIoU in percent of the paper, or None.
        run: the run that fills it, or None.
        reason: why there is no run, or "".
        notes: remarks for the reader of the table.
    """

    row: Row
    column: Column
    paper: float | None
    run: Run | None = None
    reason: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Grid:
    """
    A table.

    Attributes:
        cells: (row's key, column's title) -> cell.
        left_out: heading of a benchmark without data -> the reason.
    """

    table: PaperTable
    rows: list[Row]
    columns: list[Column]
    cells: dict[tuple[str, str], Cell]
    left_out: dict[str, str]

    def runs(self) -> list[Run]:
        """Every run once, row by row."""
        runs = (cell.run for cell in self.cells.values() if cell.run)
        return list({run.digest: run for run in runs}.values())

    def cells_of(self, run: Run) -> list[Cell]:
        """The cells that a run fills."""
        return [cell for cell in self.cells.values() if cell.run and cell.run.digest == run.digest]

"""
A table as cells that runs fill: config and folder of each run, and why a cell cannot run.

The folder of a run depends on its config alone, so tables share runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...d2 import CfgNode, DatasetCatalog
from ...engine import config_digest, load_config
from ...modeling.text_head import vocabulary_from_config
from ...utils.errors import message_of
from .tables import (
    BENCHMARKS,
    STORYBOOK,
    Column,
    PaperTable,
    Row,
    cell_overrides,
    config_name,
    read_table,
    table_columns,
    table_rows,
)

_OWN_KEYS = {"OUTPUT_DIR": "--output", "TEST.NUM_IMAGES": "--limit"}
_DIGITS = 8


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


def plan_grid(request: Request) -> Grid:
    """
    Plan the runs of a table.

    Raises:
        ValueError: a named benchmark has no data; a key of `opts` has no value, or is the table's.
        KeyError: a key of `opts` does not exist.
    """
    _check_opts(request.opts)
    table = read_table(request.table)
    rows = table_rows(table, request.methods)
    wanted = request.benchmarks or table.benchmarks
    columns = table_columns(table, wanted, request.methods)
    runs: dict[str, Run] = {}  # by digest
    cells = {
        (row.key, column.title): _plan_cell(request, table, row, column, runs)
        for row in rows
        for column in columns
    }
    absent = _absent_benchmarks(request, cells, wanted)
    if absent and request.benchmarks:
        reasons = "\n".join(f"{key}: {reason}" for key, reason in absent.items())
        raise ValueError(f"--benchmarks names what cannot be evaluated here.\n{reasons}")
    columns = [column for column in columns if column.benchmark not in absent]
    cells = {place: cell for place, cell in cells.items() if cell.column in columns}
    left_out = {BENCHMARKS[key]: reason for key, reason in absent.items()}
    return Grid(table, rows, columns, cells, left_out)


def _check_opts(opts: tuple[str, ...]) -> None:
    if len(opts) % 2:
        raise ValueError(
            f"KEY VALUE pairs are expected at the end, got {len(opts)} words ({' '.join(opts)}); "
            "give every key a value."
        )
    for key in _OWN_KEYS.keys() & set(opts[::2]):
        raise ValueError(f"{key} is set by {_OWN_KEYS[key]}; use that instead.")


def _plan_cell(
    request: Request, table: PaperTable, row: Row, column: Column, runs: dict[str, Run]
) -> Cell:
    """A cell with its run, which may be one of `runs`, or the reason for none."""
    cell = Cell(row, column, table.number_of(row.key, column.key))
    name = config_name(row, column)
    if not (request.root / name).is_file():
        config = f"configs/<benchmark>/{Path(name).name}"
        cell.reason = f"no {config} in this version."
        return cell
    try:
        overrides, cell.notes = cell_overrides(row, column, request.sources)
    except ValueError as error:
        cell.reason = message_of(error)
        return cell
    clash = sorted(set(overrides[::2]) & set(request.opts[::2]))
    if clash:
        raise ValueError(
            f"{table.name}, {row.title}, sets {', '.join(clash)} itself; take it out of the "
            "KEY VALUE pairs."
        )
    run = _plan_run(request, column.benchmark, request.root / name, overrides)
    cell.run = runs.setdefault(run.digest, run)
    source = cell.run.cfg.MODEL.TEXT.DESCRIPTIONS
    if row.paper_descriptions and "vicuna" not in request.sources and source != STORYBOOK:
        cell.notes.append(
            f"Descriptions of Eq. (8): {source or 'templates'}; the paper uses Vicuna's (Tab. 4: "
            "sources differ by 0 to 0.4 mIoU), which --descriptions vicuna=PATH adds."
        )
    return cell


def _plan_run(
    request: Request, benchmark: str, config_file: Path, overrides: tuple[str, ...]
) -> Run:
    opts = (*overrides, *request.opts)
    if request.limit:
        opts += ("TEST.NUM_IMAGES", str(request.limit))
    cfg = load_config(str(config_file), opts)
    if len(cfg.DATASETS.TEST) != 1:
        raise ValueError(
            f"DATASETS.TEST names {tuple(cfg.DATASETS.TEST)}; a cell of a table is one dataset."
        )
    digest = config_digest(cfg)
    limit = f"_limit{request.limit}" if request.limit else ""
    name = f"{config_file.stem}{limit}-{digest[:_DIGITS]}"
    folder = request.output / "runs" / benchmark / name
    opts += ("OUTPUT_DIR", str(folder))
    cfg.defrost()
    cfg.OUTPUT_DIR = str(folder)
    cfg.freeze()
    words = vocabulary_from_config(cfg).digest
    return Run(config_file, opts, cfg, digest, folder, words, request.imports)


def _absent_benchmarks(
    request: Request, cells: Mapping[tuple[str, str], Cell], wanted: tuple[str, ...]
) -> dict[str, str]:
    """Key of each benchmark without configs or data -> the reason."""
    absent = {}
    for key in wanted:
        runs = [cell.run for cell in cells.values() if cell.run and cell.column.benchmark == key]
        if not (request.root / "configs" / key).is_dir():
            absent[key] = f"no configs/{key}/ in this version."
        elif runs:
            try:
                DatasetCatalog.get(runs[0].cfg.DATASETS.TEST[0])
            except (KeyError, OSError, ValueError) as error:
                absent[key] = message_of(error)
    return absent

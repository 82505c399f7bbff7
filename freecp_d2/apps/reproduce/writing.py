"""A table as text for a terminal, and its files: Markdown, CSV, JSON and a heat map."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import DataRow, Line, TableFormat, tabulate

from ...evaluation.charts import write_heatmap
from ...evaluation.reports import csv_bytes
from ...utils.files import write_whole
from .plan import Grid
from .results import CellResult, CellResults, average, average_title
from .runs import command_line
from .tables import TOLERANCE

_CSV_FIELDS = (
    *("row", "benchmark", "method", "state", "paper", "ours", "ours_mmseg", "difference"),
    *("verdict", "images", "official_images", "seconds", "config_sha256", "reason"),
)

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


def write_files(
    output: Path, grid: Grid, results: CellResults, root: Path, command: str, num_gpus: int
) -> list[Path]:
    """
    Write `table<N>.md`, `.csv`, `.json` and, if there is a number to draw, `.png` to a folder.

    `command` is that of the table; `root` and `num_gpus` are for the commands of single cells.
    """
    cells = [_record(grid, place, root, num_gpus, result) for place, result in results.items()]
    layout, stem = lay_out(grid, results), output / f"table{grid.table.number}"
    remarks = "".join(f"- {' '.join(remark.split())}\n" for remark in layout.remarks)
    text = f"# {layout.title}\n\n    {command}\n\n{layout.table('pipe')}\n\n{remarks}"
    contents = {
        stem.with_suffix(".md"): text.encode(),
        stem.with_suffix(".csv"): csv_bytes(
            _CSV_FIELDS, ([cell.get(name) for name in _CSV_FIELDS] for cell in cells)
        ),
        stem.with_suffix(".json"): _json(grid, results, cells, command).encode(),
    }
    for path, content in contents.items():
        write_whole(path, content)
    image = stem.with_suffix(".png")
    return [*contents, image] if _draw(image, grid, results) else list(contents)


def _record(
    grid: Grid, place: tuple[str, str], root: Path, num_gpus: int, result: CellResult
) -> dict[str, Any]:
    """All facts of a cell."""
    cell, record = grid.cells[place], result.record
    found: dict[str, Any] = {
        "row": cell.row.title,
        "benchmark": cell.column.benchmark,
        "method": cell.column.method or cell.row.config.partition("_")[0],
        "state": result.state,
        **_numbers(result),
        "images": result.images if result.state == "done" else None,
        "official_images": result.official,
        "seconds": sum(record["seconds"].values()) if record else None,
        "reason": result.reason,
        "notes": cell.notes,
    }
    if cell.run is None:
        return found
    return found | {
        "config_sha256": cell.run.digest,
        "vocabulary": record.get("vocabulary", {"sha256": cell.run.vocabulary}),
        "command": command_line(cell.run, root, num_gpus),
        "folder": str(cell.run.folder),
        "date": record.get("date"),
        "environment": record.get("environment"),
        "config": record.get("config", cell.run.cfg.dump()),
    }


def _json(grid: Grid, results: CellResults, cells: list[dict], command: str) -> str:
    rows = grid.rows if average_title(grid) else []
    averages = [{"row": r.title} | _numbers(average(grid, results, r.key)) for r in rows]
    content = {
        "table": grid.table.number,
        "title": grid.table.title,
        "command": command,
        "tolerance": TOLERANCE,
        "left_out": grid.left_out,
        "averages": averages,
        "cells": cells,
    }
    return json.dumps(content, indent=2, allow_nan=False, default=str) + "\n"


def _numbers(result: CellResult) -> dict[str, Any]:
    names = ("paper", "ours", "ours_mmseg", "difference", "verdict")
    return {name: getattr(result, name) for name in names}


def _draw(path: Path, grid: Grid, results: CellResults) -> bool:
    """Draw the differences to the paper, or our mIoU if it has none; False without a number."""
    compared = any(result.paper is not None for result in results.values())
    rows = [[results[row.key, column.title] for column in grid.columns] for row in grid.rows]
    numbers = [[r.difference if compared else r.ours for r in row] for row in rows]
    values = np.array(numbers, dtype=np.float64)  # None becomes NaN
    if np.isnan(values).all():
        return False
    write_heatmap(
        path,
        values,
        [row.title for row in grid.rows],
        [column.title for column in grid.columns],
        title=f"{grid.table.name}, {'ours - paper' if compared else 'ours'}",
        label="mIoU, percentage points" if compared else "mIoU, percent",
        centre=0.0 if compared else None,
    )
    return True


def lay_out(grid: Grid, results: CellResults) -> Layout:
    """The table of numbers: the paper's, ours, and the differences."""
    footnotes: dict[str, int] = {}  # reason -> its number
    titles = [column.title for column in grid.columns]
    means = [average_title(grid)] if average_title(grid) else []
    lines: list[list[str]] = []
    for row in grid.rows:
        found = [results[row.key, title] for title in titles]
        found += [average(grid, results, row.key) for _ in means]
        lines += _row_lines(row.title, found, footnotes)
    title = f"{grid.table.name}: {grid.table.title}, mIoU in percent"
    numbered = (f"[{number}] {reason}" for reason, number in footnotes.items())
    remarks = [*_verdicts(results), *numbered, *_notes(grid)]
    return Layout(title, ["", "", *titles, *means], lines, remarks)


def _row_lines(
    title: str, found: Sequence[CellResult], footnotes: dict[str, int]
) -> list[list[str]]:
    ours = ["ours", *(_ours(result, footnotes) for result in found)]
    if all(result.paper is None for result in found):
        return [[title, *ours]]
    paper = ["paper", *("" if r.paper is None else f"{r.paper:.1f}" for r in found)]
    return [[title, *paper], ["", *ours], ["", "diff", *map(_difference, found)]]


def _ours(result: CellResult, footnotes: dict[str, int]) -> str:
    if result.state in ("none", "failed"):
        number = footnotes.setdefault(result.reason, len(footnotes) + 1)
        return f"{'-' if result.state == 'none' else 'failed'}[{number}]"
    if result.ours is None:
        return "..." if result.state == "open" else "-"
    return f"{'~' if result.is_subset else ''}{result.ours:.1f}"


def _difference(result: CellResult) -> str:
    if result.difference is None:
        return ""
    mark = {"": "", "within": "", "outside": "!", "subset": "~"}[result.verdict]
    return f"{mark}{result.difference:+.1f}"


def _verdicts(results: CellResults) -> list[str]:
    found, remarks = list(results.values()), []
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

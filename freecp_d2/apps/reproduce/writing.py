"""The files of a table: Markdown, CSV, JSON and a heat map."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from ...evaluation.heatmap import write_heatmap
from ...utils.files import write_whole
from .grid import Grid
from .layout import Layout, lay_out
from .paper import TOLERANCE
from .results import CellResult, CellResults, average, average_title
from .runs import command_line

_CSV_FIELDS = (
    *("row", "benchmark", "method", "state", "paper", "ours", "ours_mmseg", "difference"),
    *("verdict", "images", "official_images", "seconds", "config_sha256", "reason"),
)


def write_files(
    output: Path, grid: Grid, results: CellResults, root: Path, command: str, num_gpus: int
) -> list[Path]:
    """
    Write `table<N>.md`, `.csv`, `.json` and, if there is a number to draw, `.png` to a folder.

    `command` is that of the table; `root` and `num_gpus` are for the commands of single cells.
    """
    records = [_record(grid, place, root, num_gpus, result) for place, result in results.items()]
    stem = output / f"table{grid.table.number}"
    texts = {
        stem.with_suffix(".md"): _markdown(lay_out(grid, results), command),
        stem.with_suffix(".csv"): _csv(records),
        stem.with_suffix(".json"): _json(grid, results, records, command),
    }
    for path, text in texts.items():
        write_whole(path, text.encode("utf-8"))
    image = stem.with_suffix(".png")
    return [*texts, image] if _draw(image, grid, results) else list(texts)


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


def _csv(cells: list[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, _CSV_FIELDS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return file.getvalue()


def _markdown(layout: Layout, command: str) -> str:
    remarks = "".join(f"- {' '.join(remark.split())}\n" for remark in layout.remarks)
    return f"# {layout.title}\n\n    {command}\n\n{layout.table('pipe')}\n\n{remarks}"


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

"""The files of a table: Markdown, CSV, JSON and an image, each whole or not there at all."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from ...evaluation.heatmap import write_heatmap
from ...utils.files import write_whole
from .grid import Grid
from .layout import Layout, lay_out
from .outcomes import DONE, Outcome, Outcomes, average, average_title
from .paper import TOLERANCE
from .runs import command_line

_CSV_FIELDS = (
    *("row", "benchmark", "method", "state", "paper", "ours", "ours_mmseg", "difference"),
    *("verdict", "images", "official_images", "seconds", "config_sha256", "reason"),
)


def write_files(
    output: Path, grid: Grid, outcomes: Outcomes, *, root: Path, command: str, num_gpus: int
) -> list[Path]:
    """
    Write `table<N>.md`, `.csv`, `.json` and, as soon as there is a number to draw, `.png`.

    Args:
        output: folder; it exists.
        root: of the repository.
        command: what makes this table.
        num_gpus: of the commands that make single cells.

    Returns:
        list[Path]: what was written.
    """
    records = {
        place: _record(grid, place, outcome, root, num_gpus) for place, outcome in outcomes.items()
    }
    stem = output / f"table{grid.table.number}"
    texts = {
        ".md": _markdown(lay_out(grid, outcomes), command),
        ".csv": _csv(list(records.values())),
        ".json": _json(grid, outcomes, list(records.values()), command),
    }
    written = []
    for suffix, text in texts.items():
        write_whole(path := stem.with_suffix(suffix), text.encode("utf-8"))
        written.append(path)
    image = stem.with_suffix(".png")
    return [*written, image] if _draw(image, grid, outcomes) else written


def _record(
    grid: Grid, place: tuple[str, str], outcome: Outcome, root: Path, num_gpus: int
) -> dict[str, Any]:
    """All there is to know about a cell, for JSON."""
    cell, record = grid.cells[place], outcome.record
    found: dict[str, Any] = {
        "row": cell.row.title,
        "benchmark": cell.column.benchmark,
        "method": cell.column.method or cell.row.config.partition("_")[0],
        "state": outcome.state,
        "paper": outcome.paper,
        "ours": outcome.ours,
        "ours_mmseg": outcome.ours_mmseg,
        "difference": outcome.difference,
        "verdict": outcome.verdict,
        "images": outcome.images if outcome.state == DONE else None,
        "official_images": outcome.official,
        "seconds": sum(record["seconds"].values()) if record else None,
        "reason": outcome.reason,
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


def _json(grid: Grid, outcomes: Outcomes, cells: list[dict], command: str) -> str:
    content = {
        "table": grid.table.number,
        "title": grid.table.title,
        "command": command,
        "tolerance": TOLERANCE,
        "left_out": grid.left_out,
        "averages": _averages(grid, outcomes),
        "cells": cells,
    }
    return json.dumps(content, indent=2, allow_nan=False, default=str) + "\n"


def _averages(grid: Grid, outcomes: Outcomes) -> list[dict[str, Any]]:
    if not average_title(grid):
        return []
    means = {row.title: average(grid, outcomes, row.key) for row in grid.rows}
    return [
        {
            "row": title,
            "paper": mean.paper,
            "ours": mean.ours,
            "ours_mmseg": mean.ours_mmseg,
            "difference": mean.difference,
            "verdict": mean.verdict,
        }
        for title, mean in means.items()
    ]


def _csv(cells: list[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, _CSV_FIELDS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return file.getvalue()


def _markdown(layout: Layout, command: str) -> str:
    remarks = "".join(f"- {_one_line(remark)}\n" for remark in layout.remarks)
    return f"# {layout.title}\n\n    {command}\n\n{layout.markdown()}\n\n{remarks}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _draw(path: Path, grid: Grid, outcomes: Outcomes) -> bool:
    """Differences to the paper; where it has no number at all, our mIoU. False: nothing to draw."""
    compared = any(outcome.paper is not None for outcome in outcomes.values())
    values = np.array(
        [
            [_number(outcomes[row.key, column.title], compared) for column in grid.columns]
            for row in grid.rows
        ]
    )
    if np.isnan(values).all():
        return False
    write_heatmap(
        path,
        values,
        [row.title for row in grid.rows],
        [column.title for column in grid.columns],
        title=f"Tab. {grid.table.number}, {'ours - paper' if compared else 'ours'}",
        label="mIoU, percentage points" if compared else "mIoU, percent",
        centre=0.0 if compared else None,
    )
    return True


def _number(outcome: Outcome, compared: bool) -> float:
    value = outcome.difference if compared else outcome.ours
    return math.nan if value is None else value

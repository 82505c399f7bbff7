"""The result files of an evaluation, and the tables of its log."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import torch
from tabulate import tabulate

from ..utils.files import write_whole
from .charts import write_heatmap
from .confusion import Confusion, find_confusions, shares_of_truth


def write_reports(
    folder: str,
    results: Mapping[str, float],
    matrix: np.ndarray,
    class_names: Sequence[str],
    title: str,
) -> None:
    """
    Write `sem_seg_evaluation.pth`, `per_class.txt`, `per_class.csv`, `confusion_matrix.npy`,
    `confusion_matrix.csv`, `confusions.csv` and `confusion_matrix.png` (see `shares_of_truth`).

    `results` is metric -> percent, `matrix` as in `confusion.py`, `title` that of the image.

    Raises:
        OSError: a file cannot be written; names it.
    """
    names = [*class_names, "ignored"]
    scores, counts = io.BytesIO(), io.BytesIO()
    torch.save(dict(results), scores)  # on a full disk it would not raise OSError
    np.save(counts, matrix)
    files = {
        "sem_seg_evaluation.pth": scores.getvalue(),
        "confusion_matrix.npy": counts.getvalue(),
        "per_class.txt": f"{per_class_table(results)}\n".encode(),
        "per_class.csv": csv_bytes(["class", "IoU", "ACC"], _per_class(results)),
        "confusion_matrix.csv": csv_bytes(
            ["prediction \\ ground truth", *names],
            ([name, *row] for name, row in zip(names, matrix.tolist(), strict=True)),
        ),
        "confusions.csv": csv_bytes(
            ["true", "predicted", "pixels", "percent_of_true", "percent_of_errors"],
            (_confusion_row(c, decimals=4) for c in find_confusions(matrix, class_names)),
        ),
    }
    os.makedirs(folder, exist_ok=True)
    for name, content in files.items():
        write_whole(os.path.join(folder, name), content)
    _write_confusion_heatmap(
        os.path.join(folder, "confusion_matrix.png"), matrix, class_names, title
    )


def per_class_table(results: Mapping[str, Any], num_columns: int = 3) -> str:
    """
    Format IoU and accuracy in percent, several classes per line, in columns.

    `results` is what `evaluate` returned, or its "sem_seg" entry; ValueError if it has no classes.
    "-" marks a class without ground truth.
    """
    rows = [
        (name, *("-" if np.isnan(value) else f"{value:.2f}" for value in values))
        for name, *values in _per_class(results)
    ]
    height = -(-len(rows) // num_columns)
    columns = [rows[i * height : (i + 1) * height] for i in range(num_columns)]
    lines = [sum(line, ()) for line in zip_longest(*columns, fillvalue=("", "", ""))]
    return _table(lines, ["class", "IoU", "ACC"] * num_columns, "lrr" * num_columns)


def confusions_table(confusions: Sequence[Confusion]) -> str:
    """Format the result of `find_confusions` as a table."""
    if not confusions:
        return "none: no pixel that is scored is wrong"
    headers = ["true", "predicted", "pixels", "% of the true class", "% of all errors"]
    return _table([_confusion_row(c, decimals=1) for c in confusions], headers, "llrrr")


def _per_class(results: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """(class, IoU, accuracy) in percent, in the dataset's order."""
    metrics = results.get("sem_seg", results)
    names = [key.removeprefix("IoU-") for key in metrics if key.startswith("IoU-")]
    if not names:
        raise ValueError(
            f"no result has a key 'IoU-<class>', got {list(metrics)[:5]}; pass what "
            "FreeCPSemSegEvaluator.evaluate returned."
        )
    return [(name, metrics[f"IoU-{name}"], metrics[f"ACC-{name}"]) for name in names]


def _confusion_row(c: Confusion, decimals: int) -> tuple[Any, ...]:
    percent = (f"{value:.{decimals}f}" for value in (c.percent_of_true, c.percent_of_errors))
    return (c.true, c.predicted, c.pixels, *percent)


def _table(rows: Sequence[Sequence[Any]], headers: Sequence[str], align: str) -> str:
    """A Markdown table; `align` has "l" or "r" for each column."""
    sides = [{"l": "left", "r": "right"}[side] for side in align]
    return tabulate(rows, headers, tablefmt="pipe", colalign=sides, disable_numparse=True)


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A CSV file in UTF-8."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def _write_confusion_heatmap(
    path: str, matrix: np.ndarray, class_names: Sequence[str], title: str
) -> None:
    """Draw only the classes that occur, since most may be absent from a subset."""
    scored = matrix[:-1, :-1]
    is_true, is_predicted = scored.any(axis=0), scored.any(axis=1)
    if not is_true.any():
        is_true = ~is_true  # no pixel is scored: draw all rows, in grey
    rows = np.flatnonzero(is_true).tolist()
    columns = np.flatnonzero(is_true | is_predicted).tolist()
    absent = len(class_names) - len(rows)
    write_heatmap(
        path,
        shares_of_truth(matrix)[np.ix_(rows, columns)],
        [class_names[k] for k in rows],
        [class_names[k] for k in columns],
        title=title + (f" (left out, without ground truth: {absent})" if absent else ""),
        label="% of the true class's pixels",
        row_title="true class",
        column_title="predicted class",
        limits=(0.0, 100.0),
        square_root=True,
    )

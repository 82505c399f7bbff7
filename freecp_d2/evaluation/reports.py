"""The files of one evaluated dataset: for programs `.npy`, `.pth`, `.csv`; for people the rest."""

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ..d2 import PathManager
from .confusion import find_confusions, shares_of_truth
from .tables import per_class, per_class_table

__all__ = ["write_reports"]


def write_reports(
    folder: str,
    results: Mapping[str, float],
    matrix: np.ndarray,
    class_names: Sequence[str],
    title: str,
) -> None:
    """
    Write `sem_seg_evaluation.pth`, `per_class.txt`, `per_class.csv`, `confusion_matrix.npy`,
    `confusion_matrix.csv`, `confusions.csv` and, last, `confusion_matrix.png`, the share of every
    true class's pixels that went to each prediction.

    Args:
        folder: made if it is missing.
        results: metric -> percent.
        matrix: (K+1, K+1), in pixels; rows are predictions, columns ground truth, the last of each
            is "ignored".
        class_names: K names.
        title: of the image.
    """
    PathManager.mkdirs(folder)
    with PathManager.open(os.path.join(folder, "sem_seg_evaluation.pth"), "wb") as file:
        torch.save(dict(results), file)
    with PathManager.open(os.path.join(folder, "confusion_matrix.npy"), "wb") as file:
        np.save(file, matrix)
    with PathManager.open(os.path.join(folder, "per_class.txt"), "w") as file:
        file.write(per_class_table(results) + "\n")
    _write_csv(os.path.join(folder, "per_class.csv"), ["class", "IoU", "ACC"], per_class(results))
    names = [*class_names, "ignored"]
    _write_csv(
        os.path.join(folder, "confusion_matrix.csv"),
        ["prediction \\ ground truth", *names],
        ([name, *row] for name, row in zip(names, matrix.tolist(), strict=True)),
    )
    _write_csv(
        os.path.join(folder, "confusions.csv"),
        ["true", "predicted", "pixels", "percent_of_true", "percent_of_errors"],
        (
            [
                c.true,
                c.predicted,
                c.pixels,
                f"{c.percent_of_true:.4f}",
                f"{c.percent_of_errors:.4f}",
            ]
            for c in find_confusions(matrix, class_names)
        ),
    )
    _draw_confusions(os.path.join(folder, "confusion_matrix.png"), matrix, class_names, title)


def _write_csv(path: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with PathManager.open(path, "w", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _draw_confusions(path: str, matrix: np.ndarray, class_names: Sequence[str], title: str) -> None:
    """Only classes that occur: of a part of a dataset, or of many words, most may not."""
    # Here, as the reports are of the ablation too, which is built on the evaluation.
    from .heatmap import write_heatmap

    scored = matrix[:-1, :-1]
    is_true, is_predicted = scored.any(axis=0), scored.any(axis=1)
    if not is_true.any():
        is_true = ~is_true  # nothing is scored: all rows are grey
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

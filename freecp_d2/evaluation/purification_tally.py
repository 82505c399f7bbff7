"""Purification metrics of a dataset: sums over images and processes, and their files."""

import os
from typing import Any

import numpy as np

from ..d2 import comm
from ..utils.files import write_whole
from .charts import Line, Panel, draw_line_charts
from .partial import ImageResult, add_counts
from .pixel_counts import dense_counts, mean_iou
from .purification import (
    THRESHOLDS,
    PurificationCounts,
    mean_thresh,
    purification_metrics,
    redundancy_curve,
    vector_length,
)
from .reports import csv_bytes


class PurificationTally:
    """Adds up the counts of `purification.py` over images; empty where no image has any."""

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes
        self.vector = np.zeros(vector_length(num_classes), dtype=np.int64)
        self.rows: list[dict[str, Any]] = []

    def add(self, result: ImageResult) -> None:
        """Add one image."""
        if not result.purification.shape[1]:
            return
        vector = np.zeros_like(self.vector)
        add_counts(vector, result.purification)
        self.vector += vector
        own = {
            "image": result.image,
            "mIoU": float(mean_iou(dense_counts(result.counts, self.num_classes))),
        }
        self.rows.append(own | purification_metrics(PurificationCounts.of_vector(vector)))

    def gather(self) -> "PurificationTally":
        """The sum over all processes, on the main one."""
        found = PurificationTally(self.num_classes)
        for vector, rows in comm.gather((self.vector, self.rows), dst=0):
            found.vector += vector
            found.rows += rows
        found.rows.sort(key=lambda row: row["image"])
        return found

    def metrics(self) -> dict[str, float]:
        """See `purification_metrics`."""
        return purification_metrics(PurificationCounts.of_vector(self.vector))

    def write(self, folder: str, title: str) -> None:
        """
        Write `purification.csv` (metrics of each image), `redundancy.csv` and `redundancy.png`
        (recall and precision against tau_r); nothing if there are no images.
        """
        if not self.rows:
            return
        counts = PurificationCounts.of_vector(self.vector)
        recall, precision = redundancy_curve(counts)
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        points = zip(map(str, THRESHOLDS), recall, precision, strict=True)
        curve = [list(map(_shown, row)) for row in points]
        chart = draw_line_charts(_panels(counts, recall, precision), title=title)
        rows = ([_shown(row.get(name)) for name in names] for row in self.rows)
        os.makedirs(folder, exist_ok=True)
        for name, content in (
            ("purification.csv", csv_bytes(names, rows)),
            ("redundancy.csv", csv_bytes(["tau_r", "recall", "precision"], curve)),
            ("redundancy.png", chart),
        ):
            write_whole(os.path.join(folder, name), content)


def _panels(counts: PurificationCounts, recall: np.ndarray, precision: np.ndarray) -> list[Panel]:
    """Against tau_r, and precision against recall; the run's own point is marked."""
    metrics, thresh = purification_metrics(counts), mean_thresh(counts)
    own = [metrics.get(f"RP_{name}", float("nan")) for name in ("recall", "precision")]
    xs = THRESHOLDS[1:].tolist()
    lines = [
        Line(name, xs, values[1:].tolist(), mark=(thresh, at))
        for name, values, at in zip(("recall", "precision"), (recall, precision), own, strict=True)
    ]
    both = Line("", recall.tolist(), precision.tolist(), mark=(own[0], own[1]))
    return [
        Panel("tau_r", "%", lines, is_log=thresh < 0.05),
        Panel("recall of RP, %", "precision of RP, %", [both]),
    ]


def _shown(value: Any) -> Any:
    """A value in a CSV file; NaN and what is missing are empty."""
    if isinstance(value, float):
        return f"{value:.4f}" if value == value else ""
    return "" if value is None else value

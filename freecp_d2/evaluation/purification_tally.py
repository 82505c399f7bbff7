"""Purification metrics of a dataset: sums over images and processes, and their files."""

import os
from typing import Any

import numpy as np

from ..d2 import PathManager, comm
from ..utils.files import blaming
from .bootstrap import mean_iou
from .charts import Line, Panel, draw_line_charts
from .partial import ImageResult, add_counts
from .purification import (
    THRESHOLDS,
    PurificationCounts,
    mean_thresh,
    purification_metrics,
    redundancy_curve,
    vector_length,
)
from .reports import write_csv


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
        own = {"image": result.image, "mIoU": self._mean_iou(result.counts)}
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
        with blaming(folder):
            PathManager.mkdirs(folder)
            rows = ([_shown(row.get(name)) for name in names] for row in self.rows)
            write_csv(os.path.join(folder, "purification.csv"), names, rows)
            write_csv(
                os.path.join(folder, "redundancy.csv"), ["tau_r", "recall", "precision"], curve
            )
            with PathManager.open(os.path.join(folder, "redundancy.png"), "wb") as file:
                file.write(chart)

    def _mean_iou(self, counts: np.ndarray) -> float:
        """mIoU of one image from its sparse confusion matrix."""
        predicted, true = np.divmod(counts[0], self.num_classes + 1)
        scored = (predicted < self.num_classes) & (true < self.num_classes)
        predicted, true, pixels = predicted[scored], true[scored], counts[1][scored]
        is_hit = predicted == true
        sums = [
            np.bincount(labels, weights, minlength=self.num_classes)
            for labels, weights in (
                (true[is_hit], pixels[is_hit]), (predicted, pixels), (true, pixels)
            )
        ]  # fmt: skip
        return float(mean_iou(np.stack(sums)))


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

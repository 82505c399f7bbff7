"""
How the decisions of purification compare with the ground truth.

RP is counted in pairs of a window and a word, because it decides for each window alone, or, in the
`_image` metrics, of an image and a word: present if a pixel of the class is there, kept if RP keeps
it in the window, or in a window of the image. Words under ignored pixels count as absent. Eq. (8)
is counted in boxes of ambiguity groups: the elected class is right if a pixel of it is in the box.

A pixel of the ground truth belongs to a window or box if its centre, scaled to the network's input,
is in it. All numbers are sums over images, so they do not depend on the order or on the number of
processes.

Shapes: N windows, K classes of purification, C channels of the output, B boxes, T thresholds.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..modeling.purification.decisions import DecisionArrays, Decisions
from .confusion import read_prediction
from .pixel_counts import TRUE, count_labels, mean_iou

THRESHOLDS = np.array(
    [
        0.0,
        *(m * 10.0**e for e in (-5, -4, -3) for m in range(10, 100, 5)),
        *np.arange(10, 51) / 100,
    ],
    dtype=np.float32,
)
"""The tau_r at which recall and precision are counted, ascending, from 0 to 0.5."""

ORACLES = {"RP": ("RP",), "AP": ("AP",), "RP_AP": ("RP", "AP")}
"""The oracles: name -> the steps that it replaces."""

_THRESH_UNIT = 1e-6
_KEPT_PRESENT, _PRESENT, _KEPT = range(3)
_ELECTED, _ELECTABLE, _BOXES = range(3)


class PurificationCounts(NamedTuple):
    """
    Counts of one image or of many, int64.

    Attributes:
        windows, image: pairs that are kept and present, present, kept, (3,); 0 without RP.
        boxes: where the elected class is in the box, where a class of the group is, all; (3,).
        thresh: sum of tau_r over the windows in units of 1e-6, and number of windows, (2,).
        scores: histogram of s of Eq. (5) between `THRESHOLDS`, of present and absent pairs, (2,
            T + 1); entry t is of pairs that T - t thresholds drop.
        oracles: correct, predicted and true pixels of each class with each of `ORACLES`, (3, 3, C).
    """

    windows: np.ndarray
    image: np.ndarray
    boxes: np.ndarray
    thresh: np.ndarray
    scores: np.ndarray
    oracles: np.ndarray

    @classmethod
    def of_vector(cls, vector: np.ndarray) -> "PurificationCounts":
        """Views of the parts of a vector of `vector_length` entries."""
        num_scores = 2 * (len(THRESHOLDS) + 1)
        ends = np.cumsum([3, 3, 3, 2, num_scores])
        windows, image, boxes, thresh, scores, oracles = np.split(vector, ends)
        pixels = oracles.reshape(len(ORACLES), 3, -1)
        return cls(windows, image, boxes, thresh, scores.reshape(2, -1), pixels)


def vector_length(num_classes: int) -> int:
    """Length of the vector of counts, for C = `num_classes` channels."""
    return 3 + 3 + 3 + 2 + 2 * (len(THRESHOLDS) + 1) + len(ORACLES) * 3 * num_classes


class TruthInBoxes:
    """Counts the pixels of each class of purification in boxes, see `PixelsInBoxes`."""

    def __init__(self, labels: np.ndarray, size: tuple[int, int], channels: Sequence[int]):
        """
        Args:
            labels: (H, W), 0..C-1, and C where it is not scored.
            size: (height, width) of the network's input.
            channels: channel of each of the K classes.
        """
        self.labels, self.size, self.channels = labels, size, list(channels)
        self.length = max([*self.channels, int(labels.max(initial=0))]) + 1

    def __call__(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (B, 4) in pixels of the network's input -> pixels, int64, (B, K)."""
        counts = np.zeros((len(boxes), len(self.channels)), dtype=np.int64)
        (height, width), (h, w) = self.labels.shape, self.size
        found: dict[tuple[int, ...], np.ndarray] = {}
        for i, box in enumerate(map(tuple, boxes.tolist())):
            if box not in found:
                x0, y0, x1, y1 = (
                    _first_pixel(end, full, side)
                    for end, full, side in zip(box, (width, height) * 2, (w, h) * 2, strict=True)
                )
                pixels = np.bincount(self.labels[y0:y1, x0:x1].ravel(), minlength=self.length)
                found[box] = pixels[self.channels]
            counts[i] = found[box]
        return counts


def _first_pixel(end: int, full: int, side: int) -> int:
    """The first of `full` pixels whose centre, scaled to `side` pixels, is not before `end`."""
    return -((side - 2 * end * full) // (2 * side))  # of (y + 0.5) * side / full >= end


def count_decisions(
    decisions: Decisions, labels: np.ndarray, num_classes: int, *, oracles: bool
) -> np.ndarray:
    """
    Compare the decisions of one image with its ground truth.

    Args:
        labels: (H, W), 0..C-1, and C where it is not scored; C is `num_classes`.
        oracles: count the pixels of `ORACLES`, too, which purifies the image again.

    Returns:
        np.ndarray: vector of `PurificationCounts`, int64.
    """
    vector = np.zeros(vector_length(num_classes), dtype=np.int64)
    counts = PurificationCounts.of_vector(vector)
    truth = TruthInBoxes(labels, decisions.size, decisions.channels)
    arrays = decisions.read()
    present = truth(arrays.windows) > 0
    if len(arrays.thresh):
        counts.windows[:] = _count_pairs(present, arrays.keep)
        counts.image[:] = _count_pairs(present.any(axis=0), arrays.keep.any(axis=0))
        counts.thresh[:] = np.round(arrays.thresh.sum() / _THRESH_UNIT), len(arrays.thresh)
    place = np.searchsorted(THRESHOLDS, arrays.scores)  # thresholds below a score keep it
    for row, pairs in zip(counts.scores, (present, ~present), strict=True):
        row[:] = np.bincount(place[pairs], minlength=len(row))
    counts.boxes[:] = _count_elections(arrays, truth(arrays.boxes) > 0)
    for row, steps in zip(counts.oracles, ORACLES.values(), strict=True):
        if oracles and set(steps) <= set(decisions.steps):
            predicted = read_prediction(
                decisions.decide_with(truth, steps), num_classes, "with an oracle"
            )
            row[:] = count_labels(predicted, labels, num_classes, num_classes)
    return vector


def _count_pairs(present: Any, kept: Any) -> tuple[int, int, int]:
    """Kept and present, present, kept; of two bool arrays of one shape."""
    return int((present & kept).sum()), int(present.sum()), int(kept.sum())


def _count_elections(arrays: DecisionArrays, in_box: np.ndarray) -> tuple[int, int, int]:
    elected = in_box[np.arange(len(in_box)), arrays.winners]
    electable = (in_box & arrays.members).any(axis=1)
    return int(elected.sum()), int(electable.sum()), len(in_box)


def purification_metrics(counts: PurificationCounts) -> dict[str, float]:
    """
    Metrics in percent; only those that have been counted, NaN where nothing was kept or present.

    `RP_recall`: of the present pairs, those that RP kept. `RP_precision`: of the kept pairs, those
    that are present. `RP_*_image`: the same of images. `AP_elected`: of the boxes, those that
    contain the class that Eq. (8) elected. `AP_electable`: those that contain a class of their
    group, the upper bound. `mIoU_oracle_*`: Detectron2's mean with an oracle in place of RP, of AP,
    of both.
    """
    found: dict[str, float] = {}
    if counts.thresh[1]:
        for suffix, pairs in (("", counts.windows), ("_image", counts.image)):
            found[f"RP_recall{suffix}"] = _percent(pairs[_KEPT_PRESENT], pairs[_PRESENT])
            found[f"RP_precision{suffix}"] = _percent(pairs[_KEPT_PRESENT], pairs[_KEPT])
    if counts.boxes[_BOXES]:
        found["AP_elected"] = _percent(counts.boxes[_ELECTED], counts.boxes[_BOXES])
        found["AP_electable"] = _percent(counts.boxes[_ELECTABLE], counts.boxes[_BOXES])
    for name, pixels in zip(ORACLES, counts.oracles, strict=True):
        if pixels[TRUE].any():
            found[f"mIoU_oracle_{name}"] = float(mean_iou(pixels))
    return found


def redundancy_curve(counts: PurificationCounts) -> tuple[np.ndarray, np.ndarray]:
    """
    Recall and precision of Eq. (5) in percent at each of `THRESHOLDS`, (T,) each.

    Precision is NaN where no word is left, recall where no word is present.
    """
    # Entry j: pairs with a score above threshold j.
    kept = counts.scores[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    totals = kept[0], np.full_like(kept[0], counts.scores[0].sum()), kept.sum(axis=0)
    recall, precision = (
        np.divide(100.0 * totals[0], whole, out=np.full(len(whole), np.nan), where=whole > 0)
        for whole in totals[1:]
    )
    return recall, precision


def mean_thresh(counts: PurificationCounts) -> float:
    """The mean tau_r of all windows; NaN without RP."""
    total, number = counts.thresh
    return float(total) * _THRESH_UNIT / float(number) if number else float("nan")


def _percent(part: int, whole: int) -> float:
    return float(100 * part / whole) if whole else float("nan")

"""
The regions of a label map, as masks.

Semantic segmentation has no instances: a region is all pixels of a class, or one connected part of
them. Two cats that touch are one region; one cat behind a pole is two connected regions.

Shape letters: H, W pixels.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np

BACKGROUND = "background"
"""The class of the background, which is never exported; neither are pixels without a word."""


class Region(NamedTuple):
    """
    Pixels of one class.

    Attributes:
        label: the index of the class in the label map.
        mask: bool, shape (H, W), with at least one pixel.
        score: mean score of the class over all its pixels, or None if it is not known.
    """

    label: int
    mask: np.ndarray
    score: float | None


def find_regions(
    label_map: np.ndarray,
    names: Sequence[str],
    scores: Mapping[str, float] | None = None,
    *,
    connected: bool = False,
) -> Iterator[Region]:
    """
    Find the regions by class, then from top to bottom.

    Args:
        label_map: integers (H, W), -1 (no word) to C-1.
        names: C names.
        scores: name -> mean score of the class.
        connected: one region for each 8-connected part of a class in place of one for the class.

    Yields:
        Region: neither of no word nor of the background.

    Raises:
        ValueError: `label_map` has another shape or other values.
    """
    check_label_map(label_map, len(names))
    for label in np.unique(label_map):
        if label < 0 or names[label] == BACKGROUND:
            continue
        mask, score = label_map == label, (scores or {}).get(names[label])
        if not connected:
            yield Region(int(label), mask, score)
            continue
        count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        for part in range(1, count):
            yield Region(int(label), parts == part, score)


def check_label_map(label_map: np.ndarray, num_classes: int) -> None:
    """ValueError unless it is an integer array (H, W) with values from -1 to num_classes - 1."""
    if label_map.ndim != 2 or label_map.dtype.kind not in "iu":
        raise ValueError(
            f"got a label map of shape {label_map.shape} and {label_map.dtype}, expected integers "
            "of shape (H, W)."
        )
    if label_map.size and not -1 <= int(label_map.min()) <= int(label_map.max()) < num_classes:
        raise ValueError(
            f"got labels from {label_map.min()} to {label_map.max()}, expected -1 (no word) to "
            f"{num_classes - 1}, the last of {num_classes} names."
        )

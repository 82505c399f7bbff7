"""
Find a place for a class name inside its region.

Shape shorthand in this module: H, W pixels, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FONT_SHARE = 0.056
"""Height of the letters, as a share of the image's width."""

_LETTER_WIDTH = 0.56
_FILLED = 0.94


@dataclass(frozen=True)
class PlacedName:
    """A name and the centre of its box, in pixels."""

    text: str
    x: float
    y: float


def place_names(labels: np.ndarray, class_names: Sequence[str]) -> list[PlacedName]:
    """
    Place the name of each class once, if it fits in a region of the class.

    Args:
        labels: integers (H, W); values outside 0..K-1 are no class.
        class_names: K names.
    """
    size = FONT_SHARE * labels.shape[1]
    placed = []
    for k in range(len(class_names)):
        mask = labels == k
        height = max(1, round(1.25 * size))
        width = max(1, round(_LETTER_WIDTH * size * len(class_names[k]) + 0.6 * size))
        if mask.sum() < height * width or height > mask.shape[0] or width > mask.shape[1]:
            continue
        filled = _box_shares(mask, height, width)
        rows, columns = np.nonzero(filled >= _FILLED)
        if len(rows):
            middle = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
            i = int(middle.argmin())
            placed.append(PlacedName(class_names[k], columns[i] + width / 2, rows[i] + height / 2))
    return placed


def _box_shares(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """Share of `mask` in each box of that size, indexed by its first row and column."""
    sums = np.pad(mask.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    boxes = (sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width]) + sums[
        :-height, :-width
    ]
    return boxes / (height * width)

"""Find a place for a class name inside its region."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

FONT_SHARE = 0.056
"""Height of the letters, as a share of the image's width."""

_LETTER_WIDTH = 0.56
_FILLED = 0.94


class PlacedName(NamedTuple):
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
    height = max(1, round(1.25 * size))
    placed = []
    for k, name in enumerate(class_names):
        mask = labels == k
        width = max(1, round(_LETTER_WIDTH * size * len(name) + 0.6 * size))
        if mask.sum() < height * width or height > mask.shape[0] or width > mask.shape[1]:
            continue
        # Pixels of the class in each box of that size, from the integral image.
        sums = cv2.integral(mask.astype(np.uint8))
        filled = sums[height:, width:] + sums[:-height, :-width]
        filled -= sums[:-height, width:] + sums[height:, :-width]
        rows, columns = np.nonzero(filled / (height * width) >= _FILLED)
        if len(rows):
            middle = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
            i = int(middle.argmin())
            placed.append(PlacedName(name, columns[i] + width / 2, rows[i] + height / 2))
    return placed

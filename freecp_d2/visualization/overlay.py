"""
Class colours over an image, places for class names in it, and resizing for display.

Shape shorthand in this module: H, W pixels, K classes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

RGB = tuple[int, int, int]

NO_LABEL: RGB = (128, 128, 128)
"""The colour of pixels without a class, in legends and label PNGs."""

_OPACITY = 0.5

FONT_SHARE = 0.056
"""Height of the letters, as a share of the image's width."""

_LETTER_WIDTH = 0.56

_FILLED = 0.94


def overlay(image: np.ndarray, labels: np.ndarray, colors: Sequence[RGB]) -> np.ndarray:
    """
    Blend class colours with the grey of the image, and draw a line between regions.

    Args:
        image: uint8 RGB (H, W, 3).
        labels: integers (H, W); pixels with other values than 0..K-1 are not painted.
        colors: K colours, 0 to 255.
    """
    known = (labels >= 0) & (labels < len(colors))
    labels = np.where(known, labels, -1)
    flat = np.array([*colors, NO_LABEL], dtype=np.uint8)[labels]
    luminance = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    grey = cv2.cvtColor(luminance, cv2.COLOR_GRAY2RGB)
    painted = cv2.addWeighted(grey, 1 - _OPACITY, flat, _OPACITY, 0)
    painted[~known] = image[~known]
    edge: np.ndarray = np.zeros(labels.shape, dtype=np.uint8)
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    edge[:-1] |= labels[:-1] != labels[1:]
    thickness = round(max(labels.shape) / 900)
    if thickness > 1:
        edge = cv2.dilate(edge, np.ones((thickness, thickness), np.uint8))
    line = edge.astype(bool) & known
    painted[line] = flat[line] // 2 + 127
    return painted


def fitted_size(size: tuple[int, ...], low: float, high: float, least: int = 1) -> tuple[int, int]:
    """Scale (H, W, ...) to a longest side of `low` to `high`, and no side below `least` pixels."""
    height, width = size[:2]
    longest = max(height, width)
    scale = min(high, max(longest, low)) / longest
    return max(least, round(height * scale)), max(least, round(width * scale))


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 (H, W, 3) -> (*size, 3): averaged to shrink, nearest neighbour from fourfold growth."""
    if image.shape[:2] == size:
        return image
    growth = max(size[0] / image.shape[0], size[1] / image.shape[1])
    rule = cv2.INTER_AREA if growth < 1 else cv2.INTER_LINEAR if growth < 4 else cv2.INTER_NEAREST
    return cv2.resize(np.ascontiguousarray(image), (size[1], size[0]), interpolation=rule)


def resize_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Integers (H, W) -> `size`, by nearest neighbour."""
    height, width = labels.shape
    rows = ((np.arange(size[0]) + 0.5) * height / size[0]).astype(np.int64)
    columns = ((np.arange(size[1]) + 0.5) * width / size[1]).astype(np.int64)
    return labels[rows[:, None], columns]


class PlacedName(NamedTuple):
    """A name and the centre of its box, in pixels."""

    text: str
    x: float
    y: float


def place_names(labels: np.ndarray, class_names: Sequence[str]) -> list[PlacedName]:
    """
    Place each of the K names once, if it fits in a region of its class in `labels`, integers (H,
    W).
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

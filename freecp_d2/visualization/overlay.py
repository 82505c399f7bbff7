"""
A photograph under its labels: translucent colours, outlines, names, a legend below.

Shape shorthand in this module: H, W pixels of the image, h, w of the drawing, C classes.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from .fonts import font, showable
from .html.placed_names import place_names
from .legend import PAPER, draw_legend, legend_entries
from .shares import Share

__all__ = ["draw_overlay", "drawing_size", "paint", "resized"]

RGB = tuple[int, int, int]

_OPACITY = 0.5
_WHITE, _EDGE = (255, 255, 255), (28, 24, 20)
_LEAST_WIDTH = 480  # of the whole drawing, so that a legend can be read
_LEAST_SIDE = 24  # of the image in it, so that an image of one row can be seen
_LEAST_NAMED = 240  # width of an image whose regions are named
_NAMES_SIDE = 480  # names find their places on labels of this size


def draw_overlay(
    image: np.ndarray,
    label_map: np.ndarray,
    names: Sequence[str],
    colors: Sequence[RGB],
    shares: Sequence[Share],
    longest_side: int,
) -> Image.Image:
    """
    Args:
        image: uint8 RGB (H, W, 3).
        label_map: integers (H, W), -1 to C-1; -1 is no word and stays as it is.
        names, colors: C of each.
        shares: of the classes that are seen, for the legend.
        longest_side: of the image in the drawing, in pixels; small images are enlarged.

    Returns:
        Image.Image: RGB.
    """
    height, width = drawing_size(label_map.shape, longest_side)
    small = resized(image, (height, width))
    labels = picked(label_map, (height, width))
    painted = Image.fromarray(paint(small, labels, colors))
    write_names(painted, labels, names)
    whole = max(width, _LEAST_WIDTH)
    size = letter_size(whole)
    legend = draw_legend(legend_entries(shares, names, colors), whole, size)
    sheet = Image.new("RGB", (whole, height + legend.height), PAPER)
    sheet.paste(painted, ((whole - width) // 2, 0))
    sheet.paste(legend, (0, height))
    return sheet


def drawing_size(size: tuple[int, ...], longest_side: int) -> tuple[int, int]:
    """(h, w) at which an image (H, W) is drawn: its shape, unless a side would not be seen."""
    height, width = size
    longest = max(height, width)
    target = min(max(longest, min(_LEAST_WIDTH, longest_side)), longest_side)
    scale = target / longest
    return max(_LEAST_SIDE, round(height * scale)), max(_LEAST_SIDE, round(width * scale))


def letter_size(width: int) -> int:
    """Of a legend, in pixels: 15 on a phone's screen, more on a wide drawing."""
    return min(40, max(15, round(width / 54)))


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 (H, W, 3) -> (*size, 3): averaged if it shrinks, in squares if it grows fourfold."""
    if image.shape[:2] == size:
        return image
    growth = max(size[0] / image.shape[0], size[1] / image.shape[1])
    rule = cv2.INTER_AREA if growth < 1 else cv2.INTER_LINEAR if growth < 4 else cv2.INTER_NEAREST
    return cv2.resize(np.ascontiguousarray(image), (size[1], size[0]), interpolation=rule)


def picked(label_map: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W) -> `size`, by nearest neighbour."""
    height, width = label_map.shape
    rows = ((np.arange(size[0]) + 0.5) * height / size[0]).astype(np.int64)
    columns = ((np.arange(size[1]) + 0.5) * width / size[1]).astype(np.int64)
    return label_map[rows[:, None], columns]


def paint(image: np.ndarray, labels: np.ndarray, colors: Sequence[RGB]) -> np.ndarray:
    """
    Colours over an image without its own, and a line between regions.

    Args:
        image: uint8 RGB (h, w, 3).
        labels: integers (h, w), -1 to C-1.
        colors: C colours.

    Returns:
        np.ndarray: uint8 (h, w, 3); as the image where there is no word.
    """
    table = np.array([*colors, (0, 0, 0)], dtype=np.uint8)
    flat = table[labels]
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    painted = cv2.addWeighted(grey, 1 - _OPACITY, flat, _OPACITY, 0)
    painted[labels < 0] = image[labels < 0]
    edge = _edges(labels)
    thickness = round(max(labels.shape) / 900)
    if thickness > 1:
        edge = cv2.dilate(edge, np.ones((thickness, thickness), np.uint8))
    line = edge.astype(bool) & (labels >= 0)
    painted[line] = flat[line] // 2 + 127
    return painted


def _edges(labels: np.ndarray) -> np.ndarray:
    """uint8 (h, w), 1 at pixels whose right or lower neighbour is another class."""
    edge = np.zeros(labels.shape, dtype=np.uint8)
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    edge[:-1] |= labels[:-1] != labels[1:]
    return edge


def write_names(drawing: Image.Image, labels: np.ndarray, names: Sequence[str]) -> None:
    """Name regions in the drawing, in white with a dark edge, where a name fits."""
    if drawing.width < _LEAST_NAMED:
        return
    scale = min(1.0, _NAMES_SIDE / max(labels.shape))
    size = max(1, round(labels.shape[0] * scale)), max(1, round(labels.shape[1] * scale))
    small = picked(labels, size)
    present = [int(k) for k in np.unique(small) if k >= 0]
    slots = np.full(len(names) + 1, -1)
    slots[present] = range(len(present))
    pen, ratio = ImageDraw.Draw(drawing), drawing.width / size[1]
    letters = max(12, round(0.042 * drawing.width))
    for name in place_names(slots[small], [showable(names[k]) for k in present]):
        face = font(letters, bold=True)
        at = (name.x * ratio, name.y * ratio)
        edge = max(1, letters // 11)
        pen.text(at, name.text, _WHITE, face, "mm", stroke_width=edge, stroke_fill=_EDGE)

"""
Overlays with class names and a legend: a sheet for an image, a frame of the same size for a video.

Shape shorthand in this module: H, W pixels of the image, h, w of the drawing, C classes.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .fonts import font, showable
from .legend import PAPER, Share, draw_legend, legend_entries
from .overlay import RGB, fitted_size, overlay, place_names, resize_image, resize_labels

_WHITE, _EDGE = (255, 255, 255), (28, 24, 20)
_SHEET_WIDTH = 480  # pixels that a legend needs
_LEAST_SIDE = 24  # pixels, so that an image of one row is visible
_NAMED_WIDTH = 240  # of an image whose regions are named
_NAMES_SIDE = 480  # label maps are shrunk to this size to place names
_FRAME_ENTRIES = 8  # of the legend of a frame
_FRAME_WIDTH = 160  # of a frame that has a legend
_LEGEND_OPACITY = 0.82


def draw_overlay(
    image: np.ndarray,
    label_map: np.ndarray,
    names: Sequence[str],
    colors: Sequence[RGB],
    shares: Sequence[Share],
    longest_side: int,
) -> Image.Image:
    """
    Draw the overlay with a legend below it.

    Args:
        image, label_map: uint8 RGB (H, W, 3), and integers (H, W), -1 to C-1; -1 is not painted.
        shares: of the classes in the legend, see `visible_shares`.
        longest_side: of the image in the drawing, in pixels; small images are enlarged.
    """
    height, width = drawing_size(label_map.shape, longest_side)
    labels = resize_labels(label_map, (height, width))
    drawing = _painted(resize_image(image, (height, width)), labels, names, colors)
    sheet_width = max(width, _SHEET_WIDTH)
    letters = min(40, max(15, round(sheet_width / 54)))
    legend = draw_legend(legend_entries(shares, names, colors), sheet_width, letters)
    sheet = Image.new("RGB", (sheet_width, height + legend.height), PAPER)
    sheet.paste(drawing, ((sheet_width - width) // 2, 0))
    sheet.paste(legend, (0, height))
    return sheet


def drawing_size(size: tuple[int, ...], longest_side: int) -> tuple[int, int]:
    """(H, W) of an image -> (h, w) of its overlay; the aspect ratio of very long images changes."""
    return fitted_size(size, min(_SHEET_WIDTH, longest_side), longest_side, _LEAST_SIDE)


def draw_frame(
    image: np.ndarray,
    label_map: np.ndarray,
    names: Sequence[str],
    colors: Sequence[RGB],
    shares: Sequence[Share],
) -> np.ndarray:
    """
    Draw the overlay of a video frame, uint8 RGB (H, W, 3), with a legend along its lower edge if
    there is room. Arguments as those of `draw_overlay`.
    """
    drawing = _painted(image, label_map, names, colors)
    if drawing.width >= _FRAME_WIDTH:
        entries = legend_entries(shares, names, colors, _FRAME_ENTRIES)
        # In the order of the classes, so that entries keep their place from frame to frame.
        place = {name: k for k, name in enumerate(map(showable, names))}
        entries.sort(key=lambda entry: place.get(entry.name, len(place) + (entry.color is None)))
        legend = draw_legend(entries, drawing.width, max(9, round(drawing.height / 36)))
        if legend.height <= drawing.height / 3:
            box = (0, drawing.height - legend.height, drawing.width, drawing.height)
            drawing.paste(Image.blend(drawing.crop(box), legend, _LEGEND_OPACITY), box)
    return np.asarray(drawing)


def _painted(
    image: np.ndarray, labels: np.ndarray, names: Sequence[str], colors: Sequence[RGB]
) -> Image.Image:
    """The overlay, with the names of the regions in which they fit."""
    drawing = Image.fromarray(overlay(image, labels, colors))
    if drawing.width < _NAMED_WIDTH:
        return drawing
    small = resize_labels(labels, fitted_size(labels.shape, 0, _NAMES_SIDE))
    present = [int(k) for k in np.unique(small) if k >= 0]
    slots = np.full(len(names) + 1, -1)
    slots[present] = range(len(present))
    pen, scale = ImageDraw.Draw(drawing), drawing.width / small.shape[1]
    letters = max(12, round(0.042 * drawing.width))
    face, edge = font(letters, bold=True), max(1, letters // 11)
    for name in place_names(slots[small], [showable(names[k]) for k in present]):
        at = (name.x * scale, name.y * scale)
        pen.text(at, name.text, _WHITE, face, "mm", stroke_width=edge, stroke_fill=_EDGE)
    return drawing

"""
A frame of a video under its labels, with its legend in a corner: the size stays as it is.

Shape shorthand in this module: H, W pixels, C classes.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from .fonts import showable
from .legend import draw_legend, legend_entries
from .overlay import paint, write_names
from .shares import Share

__all__ = ["draw_frame"]

RGB = tuple[int, int, int]

_MOST_SHOWN = 8
_LEAST_WIDTH = 160  # of a frame in which a legend can be read
_PAPER_OPACITY = 0.82


def draw_frame(
    image: np.ndarray,
    label_map: np.ndarray,
    names: Sequence[str],
    colors: Sequence[RGB],
    shares: Sequence[Share],
) -> np.ndarray:
    """
    Args:
        image: uint8 RGB (H, W, 3).
        label_map: integers (H, W), -1 to C-1.
        names, colors: C of each.
        shares: of the classes that are seen.

    Returns:
        np.ndarray: uint8 RGB (H, W, 3).
    """
    drawing = Image.fromarray(paint(image, label_map, colors))
    write_names(drawing, label_map, names)
    if drawing.width >= _LEAST_WIDTH:
        _place_legend(drawing, names, colors, shares)
    return np.asarray(drawing)


def _place_legend(
    drawing: Image.Image, names: Sequence[str], colors: Sequence[RGB], shares: Sequence[Share]
) -> None:
    """Along the lower edge, in the order of the classes, so that it does not jump about."""
    entries = legend_entries(shares, names, colors, _MOST_SHOWN)
    place = {name: k for k, name in enumerate(map(showable, names))}
    entries.sort(key=lambda entry: place.get(entry.name, len(place) + (entry.color is None)))
    size = max(9, round(drawing.height / 36))
    legend = draw_legend(entries, drawing.width, size)
    if legend.height > drawing.height / 3:
        return
    box = (0, drawing.height - legend.height, drawing.width, drawing.height)
    drawing.paste(Image.blend(drawing.crop(box), legend, _PAPER_OPACITY), box)

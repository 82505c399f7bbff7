"""
A label map as a PNG: pixel values are the labels, the palette has the class colours.

Shape shorthand in this module: H, W pixels, C classes.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..utils.files import printable
from ..utils.image_formats import open_image
from .overlay import NO_LABEL, RGB


def no_word(num_classes: int) -> int:
    """The value of pixels without a word: 255, or 65535 if C classes need 16 bits."""
    return 255 if num_classes <= 255 else 65535


def label_png(label_map: np.ndarray, colors: Sequence[RGB]) -> bytes:
    """
    An indexed PNG of integers (H, W), -1 to C-1: values are the labels, the palette has the C
    colours, and -1, no word, is grey. From 256 classes on, which a palette cannot have, 16-bit
    grey.

    ValueError for more classes than 16-bit values.
    """
    if len(colors) > 65535:
        raise ValueError(f"got {len(colors)} classes; a label PNG has room for 65535 at most.")
    # -1 wraps to 255 or 65535.
    if no_word(len(colors)) == 255:
        image = Image.fromarray(label_map.astype(np.uint8))
        table = [*colors, *[NO_LABEL] * (256 - len(colors))]
        image.putpalette([value for color in table for value in color])
    else:
        image = Image.fromarray(label_map.astype(np.uint16))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def read_labels(path: Path, no_word: int) -> np.ndarray:
    """
    A PNG of `label_png` -> int32 (H, W), in which -1 is no word, `no_word` in the file; ValueError
    if it is damaged.
    """
    try:
        with open_image(path) as file:
            labels = np.asarray(file).astype(np.int32)
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(
            f"its labels, {printable(path)}, are damaged; --force makes them again"
        ) from error
    labels[labels == no_word] = -1
    return labels

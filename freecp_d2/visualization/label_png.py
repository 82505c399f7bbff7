"""
A label map as a PNG that programs read back as it is and people can look at.

Shape shorthand in this module: H, W pixels, C classes.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..utils.files import printable

__all__ = ["label_png", "no_word", "read_labels"]

RGB = tuple[int, int, int]
_GREY: RGB = (128, 128, 128)


def no_word(num_classes: int) -> int:
    """The value of pixels without a word: 255, or 65535 where 8 bits are too few for C classes."""
    return 255 if num_classes <= 255 else 65535


def label_png(label_map: np.ndarray, colors: Sequence[RGB]) -> bytes:
    """
    Args:
        label_map: integers (H, W), -1 to C-1; -1 is no word.
        colors: C colours, 0 to 255.

    Returns:
        bytes: an indexed PNG whose values are the labels and whose palette the colours, no word
        being grey; from 256 classes on a 16-bit grey one, for a palette has 256 colours at most.

    Raises:
        ValueError: there are more classes than 16 bits have values.
    """
    if len(colors) > 65535:
        raise ValueError(f"got {len(colors)} classes; a label PNG has room for 65535 at most.")
    if no_word(len(colors)) == 255:
        # -1 becomes 255, or 65535 below, as integers wrap.
        image = Image.fromarray(label_map.astype(np.uint8))
        image.putpalette(_palette(colors))
    else:
        image = Image.fromarray(label_map.astype(np.uint16))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def read_labels(path: Path, no_word: int) -> np.ndarray:
    """
    Args:
        path: of what `label_png` made.
        no_word: the value of pixels without a word.

    Returns:
        np.ndarray: int32 (H, W), -1 is no word.

    Raises:
        ValueError: it is damaged.
    """
    try:
        with Image.open(path) as file:
            labels = np.asarray(file).astype(np.int32)
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(
            f"its labels, {printable(path)}, are damaged; --force makes them again"
        ) from error
    labels[labels == no_word] = -1
    return labels


def _palette(colors: Sequence[RGB]) -> list[int]:
    """All 256 colours, flat."""
    table = [*colors, *[_GREY] * (256 - len(colors))]
    return [value for color in table for value in color]

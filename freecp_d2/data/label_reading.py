"""
Read the stored values of label files, and say what a file is that has no class number a pixel.

`stored_fault` reads the header alone, so that all files of a dataset are checked before a run.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from ..d2 import PathManager
from ..utils.image_formats import open_image
from .images.refused_formats import exif_orientation

NUM_VALUES = 1 << 16
"""Label files have 8 or 16 bits."""

DECODE_ERRORS = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)

_T = TypeVar("_T")

_INDEX_MODES = ("L", "P", "I", "I;16", "I;16L", "I;16B")
_COLOR_MODES = ("RGB", "RGBA", "P")
_LOSSY = {"JPEG": "JPEG", "MPO": "JPEG", "JPEG2000": "JPEG 2000", "WEBP": "WebP", "AVIF": "AVIF"}
_STORED = {
    "RGB": "RGB colours",
    "RGBA": "RGBA, colours with transparency",
    "LA": "grey with transparency (LA)",
    "La": "grey with transparency (La)",
    "PA": "a palette with transparency (PA)",
    "F": "floating-point numbers",
    "1": "1 bit a pixel, a mask of one class",
}
_EXPECTED = "expected one class number a pixel (indexed, 8-bit grey or 16-bit grey)"


def stored_fault(image: Image.Image, *, colors: bool = False) -> str:
    """
    Why an opened file is no label map, as far as its header tells; "" if it may be one. With
    `colors`, colours are expected, which a table maps to classes.
    """
    lossy = _LOSSY.get(image.format or "")
    if image.format == "TIFF" and "jpeg" in str(image.info.get("compression", "")):
        lossy = "TIFF with JPEG compression"
    if lossy:
        return (
            f"is stored as {lossy}, which changes values near the borders of regions, expected a "
            "lossless format; export the labels as PNG, from their source"
        )
    if (orientation := exif_orientation(image)) not in (None, 1):
        return (
            f"has EXIF orientation {orientation}, expected none: labels are read as they are "
            "stored; turn the pixels upright and remove the tag"
        )
    if colors:
        if image.mode in _COLOR_MODES:
            return ""
        stored = _STORED.get(image.mode, f"grey ({image.mode})")
        return (
            f"is stored as {stored}, expected RGB colours or a palette, since the dataset has a "
            "table of colours; use the coloured labels, or remove the table"
        )
    if stored := _changed_grey(image):
        return f"is stored as {stored}, {_EXPECTED}; save it as 8-bit grey"
    if image.mode in _INDEX_MODES:
        return ""
    stored = _STORED.get(image.mode, image.mode)
    return f"is stored as {stored}, {_EXPECTED}; {_advice(image)}"


def read_values(path: str | Path) -> np.ndarray:
    """
    Read the stored values of a label file, shape (H, W), 0..65535.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be decoded (`__cause__` is the decoder's error) or is not a
            label map.
    """
    values = _read(path, np.asarray)
    _check_range(path, int(values.min()), int(values.max()))
    return values


def read_colors(path: str | Path) -> np.ndarray:
    """Read the colours of a label file, uint8 (H, W, 3); errors as those of `read_values`."""
    rgba = _read(path, lambda image: np.asarray(image.convert("RGBA")), colors=True)
    if (rgba[..., 3] < 255).any():
        raise ValueError(
            f"{path}: the label has transparent pixels, expected opaque colours; save it without "
            "transparency."
        )
    return rgba[..., :3]


def count_values(path: str | Path) -> tuple[dict[int, int], dict[int, tuple[int, int, int]]]:
    """
    Count the pixels of each stored value; several times faster than counting in `read_values`,
    whose errors it raises.

    Returns:
        (value -> pixels, value -> its colour in the palette, if the file has one)
    """

    def decode(image: Image.Image) -> tuple[dict[int, int], list[int]]:
        if image.mode in ("L", "P"):
            counts = {value: count for value, count in enumerate(image.histogram()) if count}
            return counts, (image.getpalette("RGB") or []) if image.mode == "P" else []
        values, numbers = np.unique(np.asarray(image), return_counts=True)
        return dict(zip(values.tolist(), numbers.tolist(), strict=True)), []

    counts, flat = _read(path, decode)
    _check_range(path, min(counts), max(counts))
    known = (value for value in counts if 3 * value + 3 <= len(flat))
    return counts, {v: (flat[3 * v], flat[3 * v + 1], flat[3 * v + 2]) for v in known}


def _read(path: str | Path, decode: Callable[[Image.Image], _T], *, colors: bool = False) -> _T:
    """`decode` of the opened file; ValueError if it cannot be decoded or is no label map."""
    try:
        with PathManager.open(str(path), "rb") as file, open_image(file) as image:
            fault = stored_fault(image, colors=colors)
            if not fault:
                return decode(image)
    except FileNotFoundError:
        raise
    except DECODE_ERRORS as error:
        raise ValueError(f"{path}: cannot be read as a label map ({error}).") from error
    raise ValueError(f"{path}: the label {fault}.")


def _check_range(path: str | Path, low: int, high: int) -> None:
    if low < 0 or high >= NUM_VALUES:
        raise ValueError(f"{path}: values {low}..{high}, expected 0..{NUM_VALUES - 1}.")


def _changed_grey(image: Image.Image) -> str:
    """How grey is stored whose values Pillow scales or inverts, which loses class numbers."""
    tile = getattr(image, "tile", None)  # images that are not read from a file have none
    if not tile or image.mode not in ("L", "I"):
        return ""
    codec, args = tile[0][0], tile[0][3]
    rawmode = str(args[0] if isinstance(args, tuple) and args else args)
    if codec.startswith("ppm") and args[1] != {"L": 255, "I": 65535}[image.mode]:
        return f"grey from 0 to {args[1]}, which is scaled when it is read"
    if not rawmode.startswith("L;"):
        return ""
    bits = rawmode[2:].rstrip("IR")
    if bits:
        return f"grey of {bits} bits ({rawmode})"
    return "grey in which 0 is white (WhiteIsZero)" if "I" in rawmode else ""


def _advice(image: Image.Image) -> str:
    if image.mode == "1":
        return "write the class number of the mask and 0 elsewhere, as 8-bit grey"
    if image.mode == "F":
        return "round the values to class numbers and save them as 8-bit or 16-bit grey"
    bands = [np.asarray(band) for band in image.split()[:3]]
    if image.mode in ("LA", "PA") or all(np.array_equal(bands[0], band) for band in bands[1:]):
        return "its first channel may hold the class numbers: save that channel alone"
    return "use the label file, not its coloured image; an own dataset may have a table of colours"

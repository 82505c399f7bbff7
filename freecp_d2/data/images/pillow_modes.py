"""Opened images as uint8 RGB: bands, depth and rotation, by the modes of Pillow."""

import logging
import re
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL import Image

from .bit_depth import find_scale
from .options import Reading, choose_bands
from .refused_formats import Unreadable, exif_orientation

_UPRIGHT = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}
_UPRIGHT |= {6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90"}
"""EXIF orientation -> Pillow's transpose that turns the image upright."""

_WIDE_GREY = ("I", "I;16", "I;16L", "I;16B")
_AS_STORED = ("RGB", "RGBA", "L", "LA", "CMYK")
_16_BIT_FORMATS = ("PNG", "PPM")  # Pillow may have them as 32-bit integers
_logged: set[str] = set()
"""Kinds of notes, which are few: notes without their numbers."""

logger = logging.getLogger(__name__)


class ReadImage(NamedTuple):
    """`pixels`, uint8 RGB (H, W, 3); `note` says how depth and layout were understood, or ""."""

    pixels: np.ndarray
    note: str = ""

    def logged(self, name: str | Path) -> np.ndarray:
        """The pixels; logs the note, unless one of its kind has been logged."""
        kind = re.sub(r"-?\d[\d.e+-]*", "", self.note)
        if kind and kind not in _logged:
            _logged.add(kind)
            advice = "INPUT.VALUE_RANGE chooses another range; others like it are not named"
            logger.warning("%s: %s (%s).", name, self.note, advice)
        return self.pixels


def from_pillow(image: Image.Image, reading: Reading, file: IO[bytes] | None = None) -> ReadImage:
    """Read an image; `file`, from which it was opened, is read again for colours of 16 bits."""
    is_deep = _is_deep(image)
    # `load` comes before the EXIF data: Pillow reads those of a broken PNG by loading it, and a
    # second load returns the part that is there; TIFFs are turned while they load.
    image.load()
    orientation = exif_orientation(image)
    if image.mode == "F" or image.mode in _WIDE_GREY:
        values = np.asarray(image)
        if image.mode == "I" and image.format in _16_BIT_FORMATS:
            values = values.astype(np.uint16)
    elif is_deep and file is not None:
        values = _deep_colors(file)
    elif reading.bands:
        values = np.asarray(image if image.mode in _AS_STORED else _converted(image))
    else:
        return ReadImage(np.asarray(turned(_converted(image), orientation)))
    values = np.atleast_3d(values)
    values = choose_bands(values, reading.bands) if reading.bands else values[:, :, :3]
    scaled = find_scale(values, 8 * values.dtype.itemsize, reading)(values)
    rgb = Image.fromarray(as_rgb(scaled.values))
    return ReadImage(np.asarray(turned(rgb, orientation)), scaled.note)


def _is_deep(image: Image.Image) -> bool:
    """Whether a file that is not loaded has colours of 16 bits, of which Pillow drops the low."""
    if image.format not in _16_BIT_FORMATS or image.mode not in _AS_STORED:
        return False
    tiles = getattr(image, "tile", ())  # of a file only
    last = [tile[3][-1] if isinstance(tile[3], tuple) else tile[3] for tile in tiles]
    return any(";16" in part if isinstance(part, str) else part > 255 for part in last)


def _converted(image: Image.Image) -> Image.Image:
    try:
        if image.mode == "La":  # which Pillow converts to nothing else
            image = image.convert("LA")
        return image.convert("RGB")
    except ValueError as error:
        raise Unreadable(f"colours of mode {image.mode} are not read; export it as RGB") from error


def _deep_colors(file: IO[bytes]) -> np.ndarray:
    """A PNG or PPM with colours of 16 bits: uint16 (H, W, C), RGB or RGBA."""
    import cv2  # on first use: importing the package must not need OpenCV

    file.seek(0)
    content = np.frombuffer(file.read(), dtype=np.uint8)
    values = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    if values is None:
        raise Unreadable("OpenCV cannot decode its colours of 16 bits; export it with 8 bits")
    order = [2, 1, 0, 3]
    return values[:, :, order[: values.shape[2]]] if values.ndim == 3 else values


def as_rgb(values: np.ndarray) -> np.ndarray:
    """(H, W, 1) or (H, W, 3) -> (H, W, 3)"""
    return values.repeat(3, axis=2) if values.shape[2] == 1 else np.ascontiguousarray(values)


def turned(image: Image.Image, orientation: int | None) -> Image.Image:
    if orientation not in _UPRIGHT:
        return image
    return image.transpose(Image.Transpose[_UPRIGHT[orientation]])

"""Image files of every kind that occurs in the real datasets."""

from pathlib import Path

import numpy as np
from PIL import Image

PHOTO_KINDS = ("rotated", "grey", "cmyk", "rgb")
"""How the first, second, ... photograph is stored."""

_ORIENTATION = 0x0112


def write_photo(path: Path, photo: np.ndarray, kind: str) -> np.ndarray:
    """
    Write an RGB photograph as one of `PHOTO_KINDS`; PNG has transparency in place of CMYK.

    Returns the image as displayed, up to the losses of JPEG.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    image, options = Image.fromarray(photo), {}
    if path.suffix == ".jpg":
        options |= {"quality": 95, "subsampling": 0}
    if kind == "rotated":
        options["exif"] = exif = Image.Exif()
        exif[_ORIENTATION] = 6  # stored sideways; a viewer turns it clockwise
        image = image.transpose(Image.Transpose.ROTATE_90)
    elif kind == "grey":
        image = image.convert("L")
        photo = np.asarray(image.convert("RGB"))
    elif kind == "cmyk":
        image = image.convert("CMYK" if path.suffix == ".jpg" else "RGBA")
    image.save(path, **options)
    return photo


def write_label(path: Path, values: np.ndarray, *, indexed: bool = False, wide: bool = False):
    """Write an annotation as PNG: 8-bit grey, with VOC's colour map, or 16-bit grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values.astype(np.uint16) if wide else values)
    if indexed:
        image.putpalette(voc_color_map().tobytes())
    image.save(path)


def voc_color_map() -> np.ndarray:
    """VOC's devkit: the bits of a value go to red, green and blue in turn, from the highest."""
    values = np.arange(256)
    channels = [
        sum(((values >> (3 * bit + channel)) & 1) << (7 - bit) for bit in range(3))
        for channel in range(3)
    ]
    return np.stack(channels, axis=1).astype(np.uint8)

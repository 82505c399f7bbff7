"""
The image formats that are read. Pillow decodes the files.

`open_image` is the only place that opens an image file, with the formats of this list: Pillow knows
more, and runs an external program, Ghostscript, for PostScript.
"""

import functools
from pathlib import Path
from typing import IO

from PIL import Image

_FORMATS = {
    "JPEG": ".jpg .jpeg .jpe .jfif",
    "PNG": ".png .apng",
    "TIFF": ".tif .tiff",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
    "AVIF": ".avif .avifs",
    "JPEG2000": ".jp2 .j2c .j2k .jpc .jpf .jpx",
    "PPM": ".ppm .pgm .pbm .pnm",
    "MPO": ".mpo",
    "CUR": ".cur",
    "DCX": ".dcx",
    "DDS": ".dds",
    "DIB": ".dib",
    "ICNS": ".icns",
    "ICO": ".ico",
    "IM": ".im",
    "MSP": ".msp",
    "PCX": ".pcx",
    "PSD": ".psd",
    "QOI": ".qoi",
    "SGI": ".bw",
    "SUN": ".ras",
    "TGA": ".tga",
    "XBM": ".xbm",
    "XPM": ".xpm",
}
"""Pillow's name of each format that is read -> its suffixes; the usual formats are tried first."""

IMAGE_SUFFIXES = frozenset(" ".join(_FORMATS.values()).split())
"""Suffixes of the formats that are read."""


@functools.cache
def readable_formats() -> tuple[str, ...]:
    """The formats of the list that this Pillow was built with."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def open_image(file: str | Path | IO[bytes]) -> Image.Image:
    """`Image.open` for the formats of the list only; no external program is ever run."""
    return Image.open(file, formats=readable_formats())

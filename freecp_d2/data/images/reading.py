"""
Read image files as upright RGB arrays.

`utils.image_formats` lists the formats that are read, `refused_formats.py` says why others are
refused, and `bit_depth.py` has the rule for more than 8 bits.
"""

import io
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...utils.image_formats import open_image
from .options import AS_COLORS, Reading
from .pillow_modes import ReadImage, from_pillow
from .refused_formats import NUM_START, TIFF_STARTS, Unreadable, is_address, is_camera_raw, refused

_pillow_limit = threading.RLock()


class ImageError(ValueError):
    """An image cannot be read; `reason` says why, without the name of the file."""

    def __init__(self, name: str | Path, reason: str):
        super().__init__(f"{name}: {reason}." if str(name) else f"{reason}.")
        self.reason = reason


class ImageTooLargeError(ImageError):
    """An image has more pixels than `max_pixels`; `size` is its (H, W)."""

    def __init__(self, name: str | Path, size: tuple[int, int], max_pixels: float):
        (height, width), limit = size, f"the limit is {max_pixels / 1e6:g} megapixels"
        super().__init__(name, f"it has {width} x {height} pixels; {limit}")
        self.size = size


def read_image(
    file: str | Path | bytes | IO[bytes],
    max_pixels: float | None = None,
    name: str | Path = "",
    reading: Reading = AS_COLORS,
) -> np.ndarray:
    """
    Decode an image file to a uint8 RGB array, shape (H, W, 3).

    The EXIF rotation is applied. Grey, palette and CMYK are converted, and more than 8 bits are
    scaled by the rule of `bit_depth`, with a warning where it had to choose. Transparency and all
    frames of an animation but the first are dropped.

    Args:
        file: a path, the content of a file, or a file opened in binary mode.
        max_pixels: refuse larger images before decoding them; None: Pillow's own limit.
        name: of the file in messages; default: its path.
        reading: bands and range of values.

    Raises:
        FileNotFoundError: there is no such file, or it is a folder or an address.
        ImageTooLargeError: it has more than `max_pixels` pixels.
        ImageError: it cannot be decoded; the message has the name and the reason.
        TypeError: not a path, bytes or a file opened in binary mode.
    """
    shown = name or (file if isinstance(file, (str, Path)) else "an image")
    return read_with_note(file, max_pixels, name, reading).logged(shown)


def read_with_note(
    file: str | Path | bytes | IO[bytes],
    max_pixels: float | None = None,
    name: str | Path = "",
    reading: Reading = AS_COLORS,
) -> ReadImage:
    """As `read_image`, with the note on depth and layout in the place of a warning."""
    if isinstance(file, (str, Path)):
        name = name or file
        if os.path.isdir(file):
            raise FileNotFoundError(f"{file}: is a folder, expected an image; correct the path.")
        if not os.path.exists(file):
            remote = "is an address; download it, and give its path or its bytes"
            what = remote if is_address(str(file)) else "no such file; correct the path"
            raise FileNotFoundError(f"{file}: {what}.")
        try:
            with open(file, "rb") as content:
                return read_with_note(content, max_pixels, name, reading)
        except PermissionError as error:
            raise ImageError(name, "there is no permission to read it") from error
    opened = _File(_seekable(file), max_pixels, name, reading)
    with nullcontext() if max_pixels is None else _without_limit_of_pillow():
        return _decode(opened)


@dataclass(frozen=True)
class _File:
    """An open file and how to read it."""

    content: IO[bytes]
    max_pixels: float | None
    name: str | Path
    reading: Reading

    def check_header(self, size: tuple[int, int]) -> None:
        """Refuse camera raw, and an image of too large a size (H, W)."""
        if reason := is_camera_raw(Path(self.name).suffix.lower()):
            raise Unreadable(reason)
        if self.max_pixels is not None and size[0] * size[1] > self.max_pixels:
            raise ImageTooLargeError(self.name, size, self.max_pixels)


def _decode(file: _File) -> ReadImage:
    content, name = file.content, file.name
    try:
        start = content.read(4)
        content.seek(0)
        return _decode_tiff(file) if start in TIFF_STARTS else _decode_with_pillow(file)
    except ImageError:
        raise
    except (Unreadable, MemoryError) as error:
        raise ImageError(name, reason_of(error)) from error
    except Exception as error:  # Pillow's decoders raise any kind of error for damaged files
        content.seek(0)
        reason = refused(content.read(NUM_START), Path(name).suffix.lower()) or reason_of(error)
        raise ImageError(name, reason) from error


def _decode_with_pillow(file: _File, page: int = 0) -> ReadImage:
    with open_image(file.content) as image:
        if page:
            image.seek(page)
        file.check_header((image.height, image.width))
        return from_pillow(image, file.reading, file.content)


def _decode_tiff(file: _File) -> ReadImage:
    from .tiff import from_tiff  # few images are TIFFs
    from .tiff_pages import find_pages

    pages = find_pages(file.content)
    page, bands = pages[0], file.reading.bands
    if file.max_pixels is None and Image.MAX_IMAGE_PIXELS is not None:
        file = replace(file, max_pixels=2 * Image.MAX_IMAGE_PIXELS)  # where Pillow refuses
    file.check_header(page.size)
    is_chosen = bands and (page.num_extra > 0 or (page.num_samples == 1 and len(pages) > 1))
    if page.is_readable_by_pillow and page.number is not None and not is_chosen:
        file.content.seek(0)
        found = _decode_with_pillow(file, page.number)
    else:
        with _without_limit_of_pillow():
            found = from_tiff(file.content, pages, file.reading)
    if len(pages) == 1 or bands:
        return found
    note = f"the first of {len(pages)} images in the file is read"
    return ReadImage(found.pixels, f"{found.note}; {note}".lstrip("; "))


def reason_of(error: Exception) -> str:
    if isinstance(error, Unreadable):
        return str(error)
    if isinstance(error, MemoryError):
        return "it does not fit into memory"
    if isinstance(error, UnidentifiedImageError):
        return "cannot be decoded: it is not an image, or of a format that is not supported"
    text = str(error).rstrip(".") or type(error).__name__
    advice = "it is damaged, or of a kind that is not supported; open and export it as PNG"
    return f"cannot be decoded ({text}): {advice}"


def _seekable(file: bytes | IO[bytes]) -> IO[bytes]:
    """An opened file that can be read twice; TypeError if it is none in binary mode."""
    if isinstance(file, (bytes, bytearray, memoryview)):
        return io.BytesIO(file)
    if not hasattr(file, "read") or isinstance(file, io.TextIOBase):
        raise TypeError(
            f"got {type(file).__name__}, expected a path, bytes, a file opened with "
            'open(path, "rb"), a Pillow image, a NumPy array or a tensor.'
        )
    if hasattr(file, "seekable") and file.seekable():
        file.seek(0)
        return file
    return io.BytesIO(file.read())  # of a connection


@contextmanager
def _without_limit_of_pillow() -> Iterator[None]:
    """Lift Pillow's limit on pixels, a global variable, and silence warnings about metadata."""
    with _pillow_limit, warnings.catch_warnings():
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before

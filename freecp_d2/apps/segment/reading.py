"""One image from a file, unless it is none, or too large, which is asked before it is decoded."""

import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...engine.predictor import read_image
from ...utils.files import printable
from .kinds import refusal, refused_format

__all__ = ["check_file", "read_input"]


def read_input(path: Path, max_megapixels: float) -> np.ndarray:
    """
    Args:
        path: of an image.
        max_megapixels: more are refused.

    Returns:
        np.ndarray: uint8 RGB, upright, shape (H, W, 3).

    Raises:
        ValueError: it cannot be read; the message is the reason, without the name.
    """
    check_file(path)
    with _no_limit_of_pillow():
        _check_size(path, max_megapixels)
        try:
            return read_image(path)
        except (OSError, ValueError, MemoryError) as error:
            raise ValueError(_reason(error, path)) from error


def check_file(path: Path) -> None:
    """
    Raises:
        ValueError: it is no file; the message is the reason, without the name.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if path.is_symlink():
            raise ValueError("it is a link that leads nowhere") from error
        is_gone = isinstance(error, FileNotFoundError)
        raise ValueError("there is no such file" if is_gone else str(error.strerror)) from error
    if not stat.S_ISREG(mode):
        raise ValueError("it is no regular file")


def _check_size(path: Path, max_megapixels: float) -> None:
    """By the header alone."""
    try:
        with Image.open(path) as image:
            (width, height), kind = image.size, image.format or ""
    except UnidentifiedImageError as error:
        reason = refusal(path) or "it is no image, or one of a format that is not read here"
        raise ValueError(reason) from error
    except PermissionError as error:
        raise ValueError("there is no permission to read it") from error
    except Exception as error:  # Pillow's readers raise what broken bytes make them raise
        raise ValueError(refusal(path) or f"cannot be decoded ({error})") from error
    if refused_format(path, kind):
        raise ValueError(refused_format(path, kind))
    if width * height > 1e6 * max_megapixels:
        raise ValueError(
            f"it has {width} x {height} pixels, {width * height / 1e6:,.0f} megapixels; the limit "
            f"is {max_megapixels:g}, see --max-megapixels"
        )


def _reason(error: Exception, path: Path) -> str:
    """What an error says, without the file's name, which is said already."""
    if isinstance(error, MemoryError):
        return "it does not fit into memory"
    text = str(error).removeprefix(f"{path}: ") or type(error).__name__
    return printable(text.replace(str(path), path.name)).rstrip(".")


@contextmanager
def _no_limit_of_pillow() -> Iterator[None]:
    """Ours takes its place."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata in files that are read all the same
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before

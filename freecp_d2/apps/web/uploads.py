"""
From what the browser sent to an image of a size that a page can work with.

Shape shorthand in this module: H, W pixels.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...engine.predictor import read_image
from ...visualization.html.images import limited
from .words import Problem

__all__ = ["LONGEST_SIDE", "MOST_PIXELS", "Upload", "read_upload"]

LONGEST_SIDE = 1024
"""Pixels; larger images are shrunk, for no more are shown, and a person is told."""

MOST_PIXELS = 100_000_000
"""Larger ones are refused before they are decoded."""

_TIMES = "\N{MULTIPLICATION SIGN}"


class Upload(NamedTuple):
    """An image, uint8 RGB (H, W, 3), and what was done to it, in words; often nothing."""

    image: np.ndarray
    note: str = ""


def read_upload(payload: Mapping[str, Any] | None, folder: Path) -> Upload | None:
    """
    Args:
        payload: "path" of the file on this machine and "orig_name", what its owner calls it; both
            come from a browser, which may ask for anything.
        folder: where uploads are; a file elsewhere is not looked at.

    Returns:
        Upload | None: None where there is no image.

    Raises:
        Problem: it is no image, a damaged one, or too large.
    """
    if not payload or not payload.get("path"):
        return None
    path, name = str(payload["path"]), _name(payload)
    if not _is_uploaded(path, folder):
        raise _unreadable(name)
    _check_size(path, name)
    try:
        image = read_image(path)
    except (FileNotFoundError, ValueError) as error:
        raise _unreadable(name) from error
    small = limited(image, LONGEST_SIDE)
    if small is image:
        return Upload(image)
    note = f"Shrunk from {_size(image)} to {_size(small)} pixels."
    return Upload(small, note)


def _is_uploaded(path: str, folder: Path) -> bool:
    """Whether it is a file, and no link or pipe to something else, below the folder."""
    try:
        found = Path(path).resolve()
        return found.is_relative_to(folder.resolve()) and found.is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a null byte, a circle of links
        return False


def _name(payload: Mapping[str, Any]) -> str:
    name = Path(str(payload.get("orig_name") or "")).name
    return f"\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}" if name else ""


def _check_size(path: str, name: str) -> None:
    """By what the file says of itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                width, height = picture.size
    except Image.DecompressionBombError as error:
        raise Problem(f"{name or 'The image'} is too large; shrink it first.") from error
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError) as error:
        raise _unreadable(name) from error
    if width * height > MOST_PIXELS:
        raise Problem(
            f"{name or 'The image'} has {width:,} {_TIMES} {height:,} pixels; this page takes up "
            f"to {MOST_PIXELS // 1_000_000} megapixels. Shrink it first."
        )


def _unreadable(name: str) -> Problem:
    return Problem(
        f"{name or 'This file'} cannot be read as an image: it is damaged, or not an image. "
        "Choose another file; JPEG, PNG, WebP, GIF, BMP and TIFF work."
    )


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]:,} {_TIMES} {image.shape[0]:,}"

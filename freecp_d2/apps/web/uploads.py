"""Read an uploaded file as an image of a size that the page can handle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...data.images.options import Reading
from ...data.images.reading import ImageError, ImageTooLargeError, read_with_note
from ...visualization.html.images import limited
from .words import Problem

LONGEST_SIDE = 1024
"""Pixels of the longest side; larger images are shrunk, and the page says so."""

MOST_PIXELS = 100_000_000
"""Larger images are refused before they are decoded."""


def read_upload(
    payload: Mapping[str, Any] | None, folder: Path, reading: Reading | None = None
) -> tuple[np.ndarray, str] | None:
    """
    Args:
        payload: "path" of the file on this machine and "orig_name", its name on the user's machine.
            Both come from a browser and may be anything.
        folder: the folder of uploads; files elsewhere are not read.
        reading: bands and range of values.

    Returns:
        tuple: uint8 RGB (H, W, 3), and a note on how it was read and shrunk, or ""; None for no
        image.

    Raises:
        Problem: the file is not an image, damaged or too large.
    """
    if not payload or not payload.get("path"):
        return None
    path, name = str(payload["path"]), Path(str(payload.get("orig_name") or "")).name
    if name:
        name = f"\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}"
    unreadable = Problem(
        f"{name or 'This file'} cannot be read as an image. "
        "JPEG, PNG, WebP, GIF, BMP and TIFF work."
    )
    if not _is_uploaded(path, folder):
        raise unreadable
    try:
        image, read_as = read_with_note(path, MOST_PIXELS, reading=reading or Reading())
    except ImageTooLargeError as error:
        raise Problem(
            f"{name or 'The image'} has {_shown(error.size)} pixels; this page takes up to "
            f"{MOST_PIXELS // 1_000_000} megapixels. Shrink it first."
        ) from error
    except ImageError as error:
        raise Problem(f"{unreadable} {error.reason[0].upper()}{error.reason[1:]}.") from error
    except (OSError, ValueError) as error:
        raise unreadable from error
    small = limited(image, LONGEST_SIDE)
    notes = [f"How it was read: {read_as}."] if read_as else []
    if small is not image:
        notes.append(f"Shrunk from {_shown(image.shape)} to {_shown(small.shape)} pixels.")
    return small, " ".join(notes)


def _is_uploaded(path: str, folder: Path) -> bool:
    """Whether the path is a regular file in the folder, with links resolved."""
    try:
        found = Path(path).resolve()
        return found.is_relative_to(folder.resolve()) and found.is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a null byte, a loop of links
        return False


def _shown(shape: tuple[int, ...]) -> str:
    return f"{shape[1]:,} \N{MULTIPLICATION SIGN} {shape[0]:,}"

"""Read what a visitor gives: an uploaded image, and words; no other file is ever opened."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...data.images.options import Reading
from ...data.images.reading import ImageError, ImageTooLargeError, read_with_note
from ...text import Vocabulary
from ...visualization.html.gallery import limited
from ...visualization.html.markup import Markup, element
from ..words.lookup import check_vocabulary

LONGEST_SIDE = 1024
"""Pixels of the longest side; larger images are shrunk, and the page says so."""

MOST_PIXELS = 100_000_000
"""Larger images are refused before they are decoded."""

MOST_WORDS = 300
"""The longest shipped list has 171. Encoding the words of one visitor delays all others."""

MOST_LETTERS = 20_000

_MOST_LETTERS_OF_A_WORD = 2000

_MOST_HINTS = 4


class Problem(ValueError):  # noqa: N818 - not an error of the program
    """An invalid input that the visitor can correct; the page shows its text."""


def read_upload(
    payload: Mapping[str, Any] | None, folder: Path, reading: Reading
) -> tuple[np.ndarray, str] | None:
    """
    Read an uploaded image; Problem if it is not an image, damaged or too large.

    Args:
        payload: "path" of the file on this machine and "orig_name", its name on the user's machine.
            Both come from a browser and may be anything.
        folder: the folder of uploads; files elsewhere are not read.

    Returns:
        tuple: uint8 RGB (H, W, 3), and a note on how it was read and shrunk, or ""; None for no
            image.
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
        image, read_as = read_with_note(path, MOST_PIXELS, reading=reading)
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


def read_words(text: str | None) -> Vocabulary:
    """Read a visitor's words, or raise a Problem. Unlike `load_vocabulary`, never opens a file."""
    text = text or ""
    if not text.strip(" \t\r\n;,"):
        raise Problem("There are no words yet. Write some, for instance: cat, kitten; dog; sofa")
    if len(text) > MOST_LETTERS:
        raise Problem(
            f"These are {len(text):,} letters; this page takes up to {MOST_LETTERS:,}. Leave "
            "some words out."
        )
    try:
        vocabulary = Vocabulary.from_string(text)
    except ValueError as error:
        raise Problem(f"These words cannot be used. {error}") from error
    if len(vocabulary.words) > MOST_WORDS:
        raise Problem(
            f"There are {len(vocabulary.words):,} words; this page takes up to {MOST_WORDS:,}. "
            "Leave some out."
        )
    longest = max(map(len, vocabulary.words))
    if longest > _MOST_LETTERS_OF_A_WORD:
        raise Problem(
            f"One word has {longest:,} letters, of which CLIP reads about 300; this page takes up "
            f"to {_MOST_LETTERS_OF_A_WORD:,}. Put semicolons between the words."
        )
    return vocabulary


def words_as_text(vocabulary: Vocabulary) -> str:
    """The text that `read_words` reads as this vocabulary."""
    parts = [f"background: {', '.join(vocabulary.background)}"] if vocabulary.background else []
    return "; ".join(parts + [", ".join(synonyms) for synonyms in vocabulary.classes])


def hint(text: str | None) -> Markup:
    """The number of classes and what looks wrong with the words, or why they cannot be used."""
    try:
        vocabulary = read_words(text)
    except Problem as problem:
        return element("p", str(problem), class_="hint problem", role="status")
    classes, words = vocabulary.num_classes, len(vocabulary.words) - vocabulary.num_background
    counted = f"{classes} class" + "es" * (classes != 1)
    counted += f" of {words} words" * (words != classes)
    counted += f", {vocabulary.num_background} background words" * bool(vocabulary.num_background)
    report = check_vocabulary(vocabulary)
    found = [str(finding) for finding in (*report.problems, *report.notes)]
    more = [f"and {len(found) - _MOST_HINTS} more"] if len(found) > _MOST_HINTS else []
    items = [element("li", line) for line in (*found[:_MOST_HINTS], *more)]
    listed = element("ul", *items) if items else Markup()
    return element("div", f"{counted}.", listed, class_="hint", role="status")

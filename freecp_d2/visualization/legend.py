"""Shares of the pixels of each class, and a legend: colour, name and share, in lines of a width."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .fonts import fitted, font, showable
from .overlay import NO_LABEL, RGB

PAPER, INK, SOFT = (255, 255, 255), (34, 34, 34), (110, 110, 110)

_MOST_SHOWN = 24
_INDENT = 1.4  # of a name behind its colour, in letter sizes
_BLOCK = 1 << 22  # pixels counted at a time; `np.bincount` takes 8 bytes of each


class Share(NamedTuple):
    """A class and its share of the pixels, 0 to 1; class -1 is no word."""

    label: int
    share: float


class Entry(NamedTuple):
    """An entry of a legend; one without a colour is only text."""

    color: RGB | None
    name: str
    value: str = ""


def legend_entries(
    shares: Sequence[Share], names: Sequence[str], colors: Sequence[RGB], most: int = _MOST_SHOWN
) -> list[Entry]:
    """Up to `most` entries for `shares`; the last one counts the classes that are left out."""
    shown = shares if len(shares) <= most else shares[: most - 1]
    entries = [
        Entry(NO_LABEL, "(no word)", percent(share.share))
        if share.label < 0
        else Entry(colors[share.label], showable(names[share.label]), percent(share.share))
        for share in shown
    ]
    if len(shown) < len(shares):
        rest = shares[len(shown) :]
        total = percent(sum(share.share for share in rest))
        entries.append(Entry(None, f"and {len(rest)} more", total))
    return entries


def draw_legend(entries: Sequence[Entry], width: int, size: int) -> Image.Image:
    """An RGB image of that width, with letters of that size, both in pixels."""
    face, gap, pitch = font(size), round(0.8 * size), round(1.65 * size)
    x, y = float(gap), gap
    places: list[tuple[float, int]] = []
    for entry in entries:
        length = min(_length(entry, face, size), width - 2 * gap)
        if x > gap and x + length > width - gap:
            x, y = float(gap), y + pitch
        places.append((x, y))
        x += length + 1.3 * size
    panel = Image.new("RGB", (width, y + pitch * bool(entries) + gap // 2), PAPER)
    pen = ImageDraw.Draw(panel)
    for entry, place in zip(entries, places, strict=True):
        _draw_entry(pen, entry, place, size, width - gap)
    return panel


def _length(entry: Entry, face: ImageFont.FreeTypeFont, size: int) -> float:
    value = face.getlength(entry.value) + 0.4 * size if entry.value else 0.0
    return _INDENT * size * bool(entry.color) + face.getlength(entry.name) + value


def _draw_entry(
    pen: ImageDraw.ImageDraw, entry: Entry, at: tuple[float, float], size: int, end: float
) -> None:
    """Draw swatch, name and value; shorten the name if they reach beyond `end`."""
    face, (x, y) = font(size), at
    if entry.color:
        box = (x, y + 0.1 * size, x + 0.95 * size, y + 1.05 * size)
        outline = tuple(value * 2 // 3 for value in entry.color)
        pen.rounded_rectangle(box, 0.2 * size, fill=entry.color, outline=outline)
        x += _INDENT * size
    shown, value = entry.value, face.getlength(entry.value) + 0.4 * size
    if not shown or value > end - x - 2 * size:  # no room for the name
        shown, value = "", 0.0
    name = fitted(entry.name, face, end - x - value)
    ink = INK if entry.color else SOFT
    pen.text((x, y + 0.95 * size), name, fill=ink, font=face, anchor="ls")
    x += face.getlength(name) + 0.4 * size
    pen.text((x, y + 0.95 * size), shown, fill=SOFT, font=face, anchor="ls")


def class_counts(label_map: np.ndarray, num_classes: int) -> np.ndarray:
    """Integers (H, W), -1 to num_classes - 1 -> pixels of no word, then of each class, int64."""
    counts = np.zeros(1 + num_classes, dtype=np.int64)
    for rows in np.array_split(label_map, 1 + label_map.size // _BLOCK):
        counts += np.bincount(rows.ravel() + 1, minlength=1 + num_classes)
    return counts


def visible_shares(counts: Sequence[int] | np.ndarray) -> list[Share]:
    """Counts of `class_counts` -> the classes with pixels, largest first, no word last."""
    total = max(1, int(np.sum(counts)))
    found = [Share(k - 1, int(count) / total) for k, count in enumerate(counts) if count]
    return sorted(found, key=lambda share: (share.label < 0, -share.share, share.label))


def percent(share: float) -> str:
    """A share of 0 to 1 as whole percent; "<1 %" for positive shares that round to 0."""
    text = f"{100 * share:.0f} %"
    return "<1 %" if share > 0 and text == "0 %" else text

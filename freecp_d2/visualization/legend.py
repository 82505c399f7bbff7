"""Which colour is which class, and how much of the image it has: in lines that fit a width."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from .fonts import fitted, font, showable
from .shares import Share

__all__ = ["Entry", "draw_legend", "legend_entries"]

RGB = tuple[int, int, int]
NO_WORD: RGB = (128, 128, 128)
PAPER, INK, SOFT = (255, 255, 255), (34, 34, 34), (110, 110, 110)

_MOST_SHOWN = 24


@dataclass(frozen=True)
class Entry:
    """A line of a legend; without a colour it is only text."""

    color: RGB | None
    name: str
    value: str = ""


def legend_entries(
    shares: Sequence[Share], names: Sequence[str], colors: Sequence[RGB], most: int = _MOST_SHOWN
) -> list[Entry]:
    """
    Args:
        shares: of the classes that are seen, see `visible_shares`.
        names, colors: of all classes.
        most: entries; what is beyond is counted.
    """
    shown = shares if len(shares) <= most else shares[: most - 1]
    entries = [
        Entry(NO_WORD, "(no word)", percent(share.share))
        if share.label < 0
        else Entry(colors[share.label], showable(names[share.label]), percent(share.share))
        for share in shown
    ]
    if len(shown) < len(shares):
        rest = shares[len(shown) :]
        total = percent(sum(share.share for share in rest))
        entries.append(Entry(None, f"and {len(rest)} more", total))
    return entries


def percent(share: float) -> str:
    """A share of 0 to 1 as whole percent; what is there is never "0 %"."""
    return "<1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def draw_legend(entries: Sequence[Entry], width: int, size: int) -> Image.Image:
    """
    Args:
        entries: what it says.
        width: in pixels.
        size: of the letters, in pixels.

    Returns:
        Image.Image: RGB, as high as its lines.
    """
    face, gap = font(size), round(0.8 * size)
    lines = _lines(entries, face, width - 2 * gap, size)
    pitch = round(1.65 * size)
    panel = Image.new("RGB", (width, gap + pitch * len(lines) + gap // 2), PAPER)
    pen = ImageDraw.Draw(panel)
    for i, line in enumerate(lines):
        x, y = float(gap), gap + i * pitch
        for entry, length in line:
            _draw_entry(pen, entry, (x, y), size, width - gap)
            x += length + 1.3 * size
    return panel


def _lines(
    entries: Sequence[Entry], face: ImageFont.FreeTypeFont, width: float, size: int
) -> list[list[tuple[Entry, float]]]:
    """Entries and their lengths, as many in a line as fit."""
    lines: list[list[tuple[Entry, float]]] = []
    used = width
    for entry in entries:
        length = min(_length(entry, face, size), width)
        if not lines or used + 1.3 * size + length > width:
            lines.append([])
            used = -1.3 * size
        lines[-1].append((entry, length))
        used += 1.3 * size + length
    return lines


def _length(entry: Entry, face: ImageFont.FreeTypeFont, size: int) -> float:
    value = face.getlength(entry.value) + 0.4 * size if entry.value else 0.0
    return _indent(entry, size) + face.getlength(entry.name) + value


def _indent(entry: Entry, size: int) -> float:
    return 1.4 * size if entry.color else 0.0


def _draw_entry(
    pen: ImageDraw.ImageDraw, entry: Entry, at: tuple[float, float], size: int, end: float
) -> None:
    """Swatch, name, value; the name is cut where they reach beyond `end`."""
    face, (x, y) = font(size), at
    if entry.color:
        box = (x, y + 0.1 * size, x + 0.95 * size, y + 1.05 * size)
        outline = tuple(value * 2 // 3 for value in entry.color)
        pen.rounded_rectangle(box, 0.2 * size, fill=entry.color, outline=outline)
        x += _indent(entry, size)
    shown, value = entry.value, face.getlength(entry.value) + 0.4 * size
    if not shown or value > end - x - 2 * size:  # the name has to have some room
        shown, value = "", 0.0
    name = fitted(entry.name, face, end - x - value)
    ink = INK if entry.color else SOFT
    pen.text((x, y + 0.95 * size), name, fill=ink, font=face, anchor="ls")
    x += face.getlength(name) + 0.4 * size
    pen.text((x, y + 0.95 * size), shown, fill=SOFT, font=face, anchor="ls")

"""
The font of drawings, matplotlib's DejaVu Sans, and names in the characters that it has.

Symbols without a glyph are replaced by their Unicode names ("[cat face]"), letters by a square.
"""

import unicodedata
from bisect import bisect_right
from functools import cache
from pathlib import Path

from PIL import ImageFont

_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_SYMBOLS = ("So", "Sk", "Sm", "Sc")  # Unicode categories, with emoji


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans of that size in pixels."""
    return ImageFont.truetype(str(_path(bold)), size)


def showable(text: str) -> str:
    """The text on one line, in characters that the font has."""
    shown = (_shown(c) for c in unicodedata.normalize("NFC", text))
    return " ".join("".join(shown).split())


def fitted(text: str, face: ImageFont.FreeTypeFont, width: float) -> str:
    """The text, shortened with an ellipsis to at most `width` pixels."""

    def length_of(number: int) -> float:
        return face.getlength(text[:number].rstrip() + _ELLIPSIS)

    if face.getlength(text) <= width:
        return text
    longest = bisect_right(range(1, len(text)), width, key=length_of)
    return text[:longest].rstrip() + _ELLIPSIS


def _shown(c: str) -> str:
    if c.isspace():
        return " "
    category = unicodedata.category(c)
    is_variation = "\N{VARIATION SELECTOR-1}" <= c <= "\N{VARIATION SELECTOR-16}"
    if is_variation or category in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return ""
    if ord(c) in _letters():
        return c
    if category in ("Mn", "Me"):  # a combining mark
        return ""
    name = unicodedata.name(c, "") if category in _SYMBOLS else ""
    return f" [{name.lower()}] " if name else "\N{WHITE SQUARE}"


@cache
def _letters() -> frozenset[int]:
    """The characters that the regular and the bold face have."""
    from matplotlib.ft2font import FT2Font  # here, as it is slow to import

    plain, bold = (frozenset(FT2Font(str(_path(bold))).get_charmap()) for bold in (False, True))
    return plain & bold


@cache
def _path(bold: bool) -> Path:
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return folder / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")

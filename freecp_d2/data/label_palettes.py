"""
Detect indexed label files whose indices are not class numbers, by their palettes.

An image editor may reorder the palette when it saves a label: the colours stay the same, the
indices change, and each of them may still be a legal class.
"""

import logging
from collections.abc import Mapping

from .file_checks import first_few

logger = logging.getLogger(__name__)

Color = tuple[int, int, int]
Palette = Mapping[int, Color]

_NEAR = 30  # of 255; colours of VOC's palette are 64 apart, those of the web 51
_VOID = 255


def voc_palette() -> dict[int, Color]:
    """The palette of PASCAL VOC, index -> colour: bits of the index, spread over the channels."""
    palette = {}
    for index in range(256):
        channels = [0, 0, 0]
        for bit in range(8):
            channels[bit % 3] |= (index >> bit & 1) << (7 - bit // 3)
        palette[index] = (channels[0], channels[1], channels[2])
    return palette


def foreign_palette(palettes: Mapping[str, Palette], is_voc: bool) -> str:
    """
    What shows that indices are no class numbers: one index has different colours in different
    files, or the colours are those of other classes in VOC's palette. "" if nothing does.

    Args:
        palettes: file -> colours of the indices that occur in it.
        is_voc: the classes are VOC's.
    """
    voc = voc_palette() if is_voc else {}
    for path, palette in palettes.items() if is_voc else ():
        if moved := _moved(palette, voc):
            shown = [f"index {i} has the colour of class {j}" for i, j in moved.items()]
            return (
                f"{path}: in its palette {first_few(shown)}, as in VOC's palette. A program has "
                "numbered the colours anew, so the indices are no class numbers; take the label "
                "from its source, or read the colours by a table."
            )
    return _unequal(palettes)


def foreign_to_all(palette: Palette) -> bool:
    """Whether a palette is neither VOC's nor a ramp of greys, so that its order may be new."""
    voc = voc_palette()
    return any(color != voc[index] and len(set(color)) > 1 for index, color in palette.items())


def _unequal(palettes: Mapping[str, Palette]) -> str:
    """The fault if colours moved between indices; a warning if an index has several colours."""
    colors: dict[int, dict[Color, str]] = {}  # index -> color -> a file with it
    indices: dict[Color, set[int]] = {}
    for path, palette in palettes.items():
        for index, color in palette.items():
            colors.setdefault(index, {}).setdefault(color, path)
            indices.setdefault(color, set()).add(index)
    differ = {index: seen for index, seen in colors.items() if len(seen) > 1}
    moved = {i: seen for i, seen in differ.items() if any(len(indices[c]) > 1 for c in seen)}
    if not differ:
        return ""
    shown = [
        f"index {index} is " + " and ".join(f"{color_text(color)} in {path}" for color, path in two)
        for index, two in ((i, list(seen.items())[:2]) for i, seen in (moved or differ).items())
    ]
    found = f"the indexed labels have different palettes: {first_few(shown)}."
    if not moved:
        logger.warning(
            f"{found} Their indices are read as class numbers; if a program has numbered the "
            "colours of each file anew, the results are wrong."
        )
        return ""
    return (
        f"{found} A program has numbered the colours of each file anew, so the indices are no "
        "class numbers; export the labels with one palette, or read the colours by a table."
    )


def _moved(palette: Palette, voc: Palette) -> dict[int, int]:
    """Index -> class of VOC's palette, if all colours are of VOC and some at another index."""
    found: dict[int, int] = {}
    for index, color in palette.items():
        if _distance(color, voc[index]) == 0:
            found[index] = index
            continue
        near = min(voc, key=lambda k: (_distance(color, voc[k]), k))
        if _distance(color, voc[near]) > _NEAR:
            return {}
        found[index] = near
    if len(set(found.values())) < len(found):
        return {}  # several indices near one colour: a ramp of greys, for instance
    moved = {index: near for index, near in found.items() if index != near}
    colored = [near for near in moved.values() if len(set(voc[near])) > 1 or near == _VOID]
    return moved if colored else {}


def _distance(a: Color, b: Color) -> int:
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def color_text(color: Color) -> str:
    """A colour as in "#804080"."""
    return "#{:02x}{:02x}{:02x}".format(*color)

"""What the values or the colours of own label files mean, and the table of these colours."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...utils.files import read_text
from ..label_palettes import Color, color_text
from ..label_reading import read_colors
from ..labels import IGNORE_LABEL, LabelEncoding, first_values, look_up
from .classes import Classes
from .spec import Spec

_HEX = re.compile(r"#([0-9a-fA-F]{6})\b")
_THREE = re.compile(r"(?<![\w.])(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})(?![\w.])")


@dataclass(frozen=True)
class ColorEncoding:
    """What the colours of a label file mean; ValueError if two classes have one colour."""

    colors: tuple[Color, ...]  # of class 0, 1, ...
    unlabelled: tuple[Color, ...] = ()  # of pixels without a class

    def __post_init__(self) -> None:
        known = [*self.colors, *self.unlabelled]
        if len(set(known)) != len(known):
            color = next(color for color in known if known.count(color) > 1)
            raise ValueError(
                f"the colour {color_text(color)} is that of two classes; give each its own colour."
            )

    def read(self, path: str | Path) -> np.ndarray:
        """The train ids of a file, int16 (H, W); ValueError if it has other colours."""
        known = [*enumerate(self.colors), *((IGNORE_LABEL, color) for color in self.unlabelled)]
        table = {red << 16 | green << 8 | blue: label for label, (red, green, blue) in known}
        codes = read_colors(path).astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
        labels, unknown = look_up(codes, table)
        if unknown.size:
            found, counts = np.unique(unknown, return_counts=True)
            colors = [_color(code) for code in found[np.argsort(-counts, kind="stable")].tolist()]
            named = ", ".join(map(color_text, colors[:5])) + (" ..." if colors[5:] else "")
            raise ValueError(
                f"{path}: {len(colors)} colours that are not in the table, {named}, in "
                f"{unknown.size / codes.size:.1%} of the pixels. Add them to the table, or to "
                "ignore if their pixels have no class. If a lossy format or a resize blended the "
                "colours, export the labels again, by nearest neighbour."
            )
        return labels


def read_color_table(source: Any, folder: Path) -> list[tuple[str, Color]]:
    """
    Read a table of colours: (name, colour) of each row, the name "" where there is none.

    Args:
        source: the path of a text file below `folder`, one colour a line ("#804080", "128 64 128"
            or "128,64,128", before or after a name); or a mapping of names to colours.
    """
    if isinstance(source, Mapping):
        return [(str(name), _parse_color(color)) for name, color in source.items()]
    if not isinstance(source, str):
        raise ValueError(f"colors is {source!r}, expected a file name or name: colour.")
    rows = []
    for number, raw in enumerate(read_text(folder / source).splitlines(), start=1):
        line = raw.strip()
        if not line or (line.startswith("#") and not _HEX.match(line)):
            continue
        found = _find(line)
        if found is None:
            raise ValueError(
                f"{folder / source}, line {number}: {line!r} has no colour; write "
                '"128 64 128 road" or "#804080 road".'
            )
        rows.append((found[1].strip(" \t:;,\"'="), found[0]))
    return rows


def _color_encoding(
    rows: Sequence[tuple[str, Color]], names: Sequence[str], unlabelled: Sequence[Color]
) -> ColorEncoding:
    """
    The meaning of colours: rows with a name belong to the class of that name, and rows of other
    names have no class; rows without names are in the order of the classes, `names`.
    """
    if not any(name for name, _ in rows):
        if len(rows) != len(names):
            raise ValueError(
                f"colors has {len(rows)} colours for {len(names)} classes; write one for each, or "
                "the name of its class beside each colour."
            )
        rows = [(name, color) for name, (_, color) in zip(names, rows, strict=True)]
    known = {name.lower(): color for name, color in rows}
    if missing := [name for name in names if name.lower() not in known]:
        raise ValueError(
            f"colors has no colour of {', '.join(missing)}; its names are "
            f"{', '.join(name for name, _ in rows)}. Write the names as in the list of classes."
        )
    wanted = {name.lower() for name in names}
    others = [*unlabelled, *(color for name, color in rows if name.lower() not in wanted)]
    return ColorEncoding(tuple(known[n.lower()] for n in names), tuple(dict.fromkeys(others)))


def _parse_color(value: Any) -> Color:
    """A colour from "#804080", "128 64 128" or [128, 64, 128]."""
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    found = _find(text)
    if found is None:
        raise ValueError(f'{value!r} is no colour; write "#804080" or [128, 64, 128].')
    return found[0]


def _find(text: str) -> tuple[Color, str] | None:
    """The colour in a text, and the rest of the text."""
    if found := _HEX.search(text):
        return _color(int(found[1], 16)), text[: found.start()] + text[found.end() :]
    if (found := _THREE.search(text)) and max(map(int, found.groups())) <= 255:
        red, green, blue = map(int, found.groups())
        return (red, green, blue), text[: found.start()] + text[found.end() :]
    return None


def _color(code: int) -> Color:
    return code >> 16, code >> 8 & 255, code & 255


class OwnEncoding(LabelEncoding):
    """A `LabelEncoding` whose messages name the keys of dataset.yaml."""

    def explain(self, present: list[int], illegal: list[int]) -> str:
        num_classes = len(self.ids)
        if present == [0, IGNORE_LABEL]:
            return (
                "0 and 255 alone are a mask of one class, and 255 usually means no class. Write "
                "class numbers into the labels, or say what the values mean in dataset.yaml: "
                '"classes: {0: background, 255: NAME}" with "ignore: []" for a mask, or "ignore: '
                '[255]" if 255 means no class.'
            )
        if illegal == [num_classes] and self.ids[0] == 0:
            return (
                "The labels may begin at 1, with 0 for pixels without a class: then write "
                "`first: 1` in dataset.yaml. Else add the class to classes.txt."
            )
        return (
            f"There are {num_classes} classes. Add the missing ones to classes.txt in the order of "
            f"the values, or write `ignore: [{first_values(illegal)}]` in dataset.yaml if those "
            "pixels have no class."
        )


def label_encoding(spec: Spec, classes: Classes) -> LabelEncoding | ColorEncoding:
    """The meaning of the label files of a dataset; ValueError for what does not fit."""
    ignore = spec.ignore if isinstance(spec.ignore, list) else [spec.ignore]
    ignore = [] if spec.ignore is None else ignore
    if spec.colors is not None:
        if len(ignore) == 3 and all(isinstance(part, int) for part in ignore):
            ignore = [ignore]
        by_value = zip(classes.values, classes.names, strict=True)
        names = [name for _, name in sorted(by_value)]
        rows = read_color_table(spec.colors, spec.root)
        found = _color_encoding(rows, names, [_parse_color(color) for color in ignore])
        colors = dict(zip(names, found.colors, strict=True))
        return ColorEncoding(tuple(colors[name] for name in classes.names), found.unlabelled)
    if not all(isinstance(value, int) for value in ignore):
        raise ValueError(f"ignore is {spec.ignore!r}, expected values such as [0, 255].")
    if spec.ignore is None:
        usual = [IGNORE_LABEL, 0] if spec.first == 1 else [IGNORE_LABEL]
        ignore = [value for value in usual if value not in classes.values]
    # Masks of 0 and 255 are right where the ignored values are stated.
    masks_allowed = 0 if spec.ignore is None else sys.maxsize
    unlabelled = tuple(dict.fromkeys([*ignore, *classes.no_class]))
    return OwnEncoding(classes.values, unlabelled, masks_allowed)

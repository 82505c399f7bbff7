"""
What the results of each input are called: its name, with as much around it as tells it apart.

`a.jpg` becomes `a`; beside an `a.png`, `a.jpg`; beside an `a.jpg` of another folder, `x/a.jpg`.
"""

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .inputs import Source

__all__ = ["output_names"]

_MOST_BYTES = 200  # of a part of a path; 255 less the longest ending


def output_names(sources: Sequence[Source]) -> list[Path]:
    """
    Args:
        sources: different files.

    Returns:
        list[Path]: relative, in UTF-8 without control characters, not hidden, short enough for
        endings such as `_overlay.jpg`; all different, on disks that ignore case, too.
    """
    choices = [_choices(source) for source in sources]
    levels = [0] * len(choices)
    while True:
        names = [options[level] for options, level in zip(choices, levels, strict=True)]
        count = Counter(map(_key, names))
        longer = [
            i
            for i, name in enumerate(names)
            if count[_key(name)] > 1 and levels[i] + 1 < len(choices[i])
        ]
        if not longer:
            return names
        for i in longer:
            levels[i] += 1


def _choices(source: Source) -> list[Path]:
    """From the shortest name to one that no other file has."""
    relative, absolute = source.relative, Path(os.path.abspath(source.path))
    around = absolute.parts[1 : len(absolute.parts) - len(relative.parts)]
    longer = [relative, *(Path(*around[i:], relative) for i in reversed(range(len(around))))]
    digest = hashlib.sha256(os.fsencode(absolute)).hexdigest()[:8]
    choices = [_clean(relative.with_name(relative.stem)), *map(_clean, longer)]
    return [*choices, choices[-1].with_name(f"{choices[-1].name}~{digest}")]


def _clean(path: Path) -> Path:
    return Path(*map(_clean_part, path.parts))


def _clean_part(part: str) -> str:
    text = "".join(
        f"%{ord(c) - 0xDC00:02X}" if "\udc80" <= c <= "\udcff" else c if c.isprintable() else "_"
        for c in part
    )
    text = "_" + text[1:] if text.startswith(".") else text
    encoded = text.encode()
    if len(encoded) <= _MOST_BYTES:
        return text
    digest = hashlib.sha256(encoded).hexdigest()[:8]
    return f"{encoded[: _MOST_BYTES - 9].decode(errors='ignore')}~{digest}"


def _key(name: Path) -> str:
    return unicodedata.normalize("NFC", str(name)).casefold()

"""
What the results of each input are called: its name, with as much around it as tells it apart.

`a.jpg` becomes `a`; beside an `a.png`, `a.jpg`; beside an `a.jpg` of another folder, `x/a.jpg`;
beside an `A.JPG`, `a.jpg~1f0c92ab`.
"""

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from .inputs import Source

__all__ = ["output_names"]

_MOST_BYTES = 200  # of a part of a path; 255 less the longest ending


def output_names(
    sources: Sequence[Source], is_taken: Callable[[Source, Path], bool] | None = None
) -> list[Path]:
    """
    Args:
        sources: different files.
        is_taken: whether a name is one of files that another input's results are in.

    Returns:
        list[Path]: relative, in UTF-8 without control characters, not hidden, short enough for
        endings such as `_overlay.jpg`; all different, on disks that ignore case, too.
    """
    places = [_clean(Path(*_absolute(source).parts[1:])) for source in sources]
    alike = Counter(map(_key, places))
    choices = [
        _choices(source, alike[_key(place)] > 1)
        for source, place in zip(sources, places, strict=True)
    ]
    levels = [0] * len(choices)
    taken = cache(is_taken) if is_taken else None
    while True:
        names = [options[level] for options, level in zip(choices, levels, strict=True)]
        count = Counter(map(_key, names))
        longer = [
            i
            for i, name in enumerate(names)
            if levels[i] + 1 < len(choices[i])
            and (count[_key(name)] > 1 or (taken and taken(sources[i], name)))
        ]
        if not longer:
            return names
        for i in longer:
            levels[i] += 1


def _absolute(source: Source) -> Path:
    return Path(os.path.abspath(source.path))


def _choices(source: Source, is_alike: bool) -> list[Path]:
    """
    From the shortest name to one that no other file has.

    Args:
        source: a file.
        is_alike: another differs in nothing but case, so that its folders do not help.
    """
    relative, absolute = source.relative, _absolute(source)
    around = () if is_alike else absolute.parts[1 : len(absolute.parts) - len(relative.parts)]
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

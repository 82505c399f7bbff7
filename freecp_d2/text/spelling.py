"""
Class names as people write them: "diningtable", as benchmarks glue it, is "dining table".

What is known of spelling are the names of the eight benchmarks, in `data/names`, and a few that
no benchmark writes apart.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .vocabulary_lines import word_key

__all__ = ["guess_parts", "readable_names", "take_apart"]

_NAMES_DIR = Path(__file__).resolve().parent / "resources" / "class_names"
_LONGEST = 40
_SHORTEST_PART = 3
_GLUED_EVERYWHERE = (
    *("tv monitor",),  # Pascal VOC and PASCAL Context
    *("playing field", "water drops"),  # COCO-Stuff
    *("swimming pool", "television receiver"),  # ADE20K
)
"""Names of several words that `data/names` has without their blanks or not at all."""


def take_apart(word: str) -> str:
    """The word with blanks where a benchmark's name has them, else as it is."""
    return _glued().get(word_key(word), word)


def guess_parts(word: str) -> str | None:
    """
    "book shelf" for "bookshelf": two words, each of them known, that may have been glued.

    Returns:
        str | None: None for a word that is known as it is, or that has no such parts.
    """
    key = word_key(word)
    if key in _glued():
        return _glued()[key]
    names, tokens = _names(), _tokens()
    if key in names or key in tokens or len(key) > 2 * _longest_name():
        return None
    for i in range(2, len(key) - 1):
        parts = (key[:i], key[i:])
        if all(p in names or (p in tokens and len(p) >= _SHORTEST_PART) for p in parts):
            return " ".join(parts)
    return None


def readable_names(words: Iterable[str]) -> tuple[str, ...]:
    """
    Names for a legend, all different.

    Args:
        words: the first word of each class; long ones are cut at 40 characters, and the second of
            two that are then alike is "crane (2)".
    """
    chosen: dict[str, None] = {}
    counts: dict[str, int] = {}  # so that a thousand alike are not counted a thousand times
    for word in words:
        name = " ".join(take_apart(word).split())
        if len(name) > _LONGEST:
            name = f"{name[: _LONGEST - 3].rstrip()}..."
        base, count = name, counts.get(name, 1)
        while name in chosen:
            count += 1
            name = f"{base} ({count})"
        chosen[name], counts[base] = None, count
    return tuple(chosen)


@cache
def _names() -> frozenset[str]:
    """Every name of every benchmark; "road, route" are two."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(_NAMES_DIR.glob("*.txt"))]
    names = (name for text in texts for line in text.splitlines() for name in line.split(","))
    return frozenset(key for key in map(word_key, names) if key)


@cache
def _tokens() -> frozenset[str]:
    return frozenset(token for name in _names() for token in name.split())


@cache
def _longest_name() -> int:
    return max(map(len, _names()))


@cache
def _glued() -> dict[str, str]:
    """Names of several words by their letters alone, which another benchmark may have as a name."""
    apart = (*sorted(name for name in _names() if " " in name), *_GLUED_EVERYWHERE)
    return {name.replace(" ", ""): name for name in apart}

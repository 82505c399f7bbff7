"""
Names of classes with spaces: "diningtable" of a benchmark is "dining table".

The known names are those of the eight benchmarks, in `resources/class_names`, those of Storybook,
and a few that no benchmark writes with spaces.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .vocabulary_parsing import shortened, word_key

_RESOURCES = Path(__file__).resolve().parent / "resources"
_MAX_LENGTH = 100  # of a word with two known parts; no name of a benchmark has 50 letters
_MIN_PART = 3
_ALWAYS_GLUED = (
    *("tv monitor",),  # Pascal VOC and PASCAL Context
    *("playing field", "water drops"),  # COCO-Stuff
    *("swimming pool", "television receiver"),  # ADE20K
)


def take_apart(word: str) -> str:
    """The word with spaces if it is a known name without them, else unchanged."""
    return _glued().get(word_key(word), word)


def guess_parts(word: str) -> str | None:
    """Two known words that may have been joined, "book shelf" for "bookshelf"; None if not."""
    key, names, tokens = word_key(word), _names(), _tokens()
    if key in _glued():
        return _glued()[key]
    if key in names or key in tokens or len(key) > _MAX_LENGTH:
        return None
    for i in range(2, len(key) - 1):
        parts = (key[:i], key[i:])
        if all(p in names or (p in tokens and len(p) >= _MIN_PART) for p in parts):
            return " ".join(parts)
    return None


def readable_names(words: Iterable[str]) -> tuple[str, ...]:
    """Distinct names for a legend, of about 40 characters at most: "crane", "crane (2)"."""
    chosen: dict[str, None] = {}
    counts: dict[str, int] = {}  # keeps a thousand equal names from quadratic time
    for word in words:
        name = base = shortened(" ".join(take_apart(word).split()))
        count = counts.get(base, 1)
        while name in chosen:
            count += 1
            name = f"{base} ({count})"
        chosen[name], counts[base] = None, count
    return tuple(chosen)


@cache
def _names() -> frozenset[str]:
    paths = [*_RESOURCES.glob("class_names/*.txt"), _RESOURCES / "vocabularies/storybook_wide.txt"]
    lines = (line for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    names = (name for line in lines if not line.startswith("#") for name in line.split(","))
    return frozenset(filter(None, map(word_key, names)))


@cache
def _tokens() -> frozenset[str]:
    return frozenset(token for name in _names() for token in name.split())


@cache
def _glued() -> dict[str, str]:
    """Name without spaces -> with spaces."""
    apart = (*sorted(name for name in _names() if " " in name), *_ALWAYS_GLUED)
    return {name.replace(" ", ""): name for name in apart}

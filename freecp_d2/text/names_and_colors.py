"""
How classes are shown: names with spaces ("diningtable" of a benchmark is "dining table"), and
distinct colours, visible on black and on white.

No colour is grey: black, white and greys are for background and pixels without a label. A name has
the same colour in every vocabulary, unless a class before it has a similar one. The known names are
those of the eight benchmarks, in `resources/class_names`, those of Storybook, and a few
that no benchmark writes with spaces.
"""

import hashlib
import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from .vocabulary_parsing import shortened, word_key

_RESOURCES = Path(__file__).resolve().parent / "resources"
_MAX_LENGTH = 100  # of a word with two known parts; no name of a benchmark has 50 letters
_MIN_PART = 3
_ALWAYS_GLUED = (
    *("tv monitor",),  # Pascal VOC and PASCAL Context
    *("playing field", "water drops"),  # COCO-Stuff
    *("swimming pool", "television receiver"),  # ADE20K
)

Color = tuple[int, int, int]

_LIGHTNESS = (0.42, 0.88)  # of Oklab, 0 black to 1 white
_LEAST_CHROMA = 0.07  # of Oklab; greys have 0
_FIRST_DISTANCE = 0.12  # in Oklab; clearly different
_RELAXATION = 0.8  # factor of the distance when no colour is far enough


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


def class_colors(names: Iterable[str]) -> tuple[Color, ...]:
    """(red, green, blue), 0 to 255, of classes in label order; ignores case and runs of spaces."""
    keys = [word_key(name) for name in names]
    step = 17
    while len(_candidates(step)[0]) < 2 * len(keys) and step > 1:
        step //= 2
    colors, places = _candidates(step)
    nearest = np.full(len(colors), np.inf)  # distance to the chosen colours
    distance = _FIRST_DISTANCE
    chosen: list[Color] = []
    for key in keys:
        order = _order_of(key, len(colors))
        while not (far := nearest[order] >= distance).any():
            distance *= _RELAXATION
        i = int(order[far.argmax()])
        nearest = np.minimum(nearest, np.linalg.norm(places - places[i], axis=1))
        red, green, blue = colors[i].tolist()
        chosen.append((red, green, blue))
    return tuple(chosen)


@cache
def _candidates(step: int) -> tuple[np.ndarray, np.ndarray]:
    """The usable colours of a grid: 8-bit (n, 3), and in Oklab (n, 3)."""
    values = np.arange(0, 256, step)
    colors = np.stack(np.meshgrid(values, values, values, indexing="ij"), axis=-1).reshape(-1, 3)
    places = _oklab(colors / 255)
    lightness, chroma = places[:, 0], np.hypot(places[:, 1], places[:, 2])
    low, high = _LIGHTNESS
    good = (lightness >= low) & (lightness <= high) & (chroma >= _LEAST_CHROMA)
    return colors[good], places[good]


def _order_of(key: str, num_colors: int) -> np.ndarray:
    """A permutation of the indices that depends on the name alone."""
    digest = hashlib.sha256(key.encode()).digest()
    start, stride = (int.from_bytes(part, "big") % num_colors for part in (digest[:8], digest[8:]))
    while math.gcd(stride, num_colors) != 1:
        stride += 1
    return (start + stride * np.arange(num_colors)) % num_colors


def _oklab(srgb: np.ndarray) -> np.ndarray:
    """sRGB in [0, 1], (n, 3), to Oklab: lightness and two axes of hue, (n, 3)."""
    # https://bottosson.github.io/posts/oklab, public domain
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.cbrt(linear @ to_lms.T) @ to_lab.T

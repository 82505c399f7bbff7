"""Shares of the pixels of each class, and how they are written."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_BLOCK = 1 << 22  # pixels counted at a time; `np.bincount` takes 8 bytes of each


class Share(NamedTuple):
    """A class and its share of the pixels, 0 to 1; class -1 is no word."""

    label: int
    share: float


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

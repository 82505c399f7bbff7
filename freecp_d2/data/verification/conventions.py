"""
What a wrong convention of labels looks like: other readings of a folder's values.

A reading says which class each value of a label file may have meant. One gives a wrong convention
away where it knows values that the folder's own encoding does not, or where it brings the histogram
of a whole dataset much closer to what is known of it (`class_shares.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..benchmark import Benchmark, LabelFolder
from ..label_ids import COCO_STUFF_IDS, PASCAL_CONTEXT_IDS
from ..labels import (
    IGNORE_LABEL,
    ILLEGAL,
    NUM_VALUES,
    LabelEncoding,
    lookup_table,
    raw_encoding,
    shifted_encoding,
)
from .class_shares import CLASS_SHARES, UNLABELLED_SHARES
from .findings import restore

_MIN_SHARE = 1e-4  # of a class that is expected nowhere, so that a logarithm exists
_NUM_THINGS, _NUM_STUFF = 80, 91


@dataclass(frozen=True, eq=False)
class Reading:
    """
    One meaning of the values of label files.

    Args:
        what: completes "They look like ...".
        advice: what to do if this is what the files hold.
        table: train id of each value, shape (65536,): 0..K-1, 255 unlabelled, -1 no meaning.
    """

    what: str
    advice: str
    table: np.ndarray

    def count(self, values: np.ndarray, num_classes: int) -> np.ndarray:
        """
        Count pixels by class.

        Args:
            values: pixels of each value, shape (65536,).

        Returns:
            ndarray: pixels, shape (K + 2,): class 0..K-1, unlabelled, values without meaning.
        """
        ids = self.table.astype(np.int64)
        ids[self.table == IGNORE_LABEL] = num_classes
        ids[self.table == ILLEGAL] = num_classes + 1
        return np.bincount(ids, weights=values, minlength=num_classes + 2).astype(np.int64)


@dataclass(frozen=True)
class Expectation:
    """What is roughly known of a benchmark's histogram; other classes are taken together."""

    benchmark: Benchmark

    @cached_property
    def shares(self) -> np.ndarray:
        """Of each listed class, the other classes, unlabelled and meaningless pixels; sum 1."""
        listed = list(CLASS_SHARES[self.benchmark.key].values())
        unlabelled = UNLABELLED_SHARES[self.benchmark.key]
        shares = np.array([*listed, 100 - sum(listed) - unlabelled, unlabelled, 0.0]) / 100
        shares = shares.clip(_MIN_SHARE)
        return shares / shares.sum()

    @cached_property
    def listed(self) -> list[int]:
        """Train ids of the classes whose share is known."""
        names = self.benchmark.class_names
        return [names.index(name) for name in CLASS_SHARES[self.benchmark.key]]

    def divergence(self, counts: np.ndarray, labelled: bool = False) -> float:
        """
        Kullback-Leibler divergence of a histogram from the expected one.

        Args:
            counts: pixels as `Reading.count` gives them, shape (K + 2,).
            labelled: of the pixels that have a class only; for files whose unlabelled pixels were
                given one, which says more than a shift of classes that are about equally large.

        Returns:
            float: nats, 0 for equal shares.
        """
        listed = counts[self.listed]
        pooled = np.array([*listed, counts[:-2].sum() - listed.sum(), *counts[-2:]], float)
        expected = self.shares.copy()
        if labelled:
            pooled[-2] = expected[-2] = 0
        shares, expected = pooled / max(pooled.sum(), 1), expected / expected.sum()
        seen = shares > 0
        return float((shares[seen] * np.log(shares[seen] / expected[seen])).sum())


def own_reading(folder: LabelFolder) -> Reading:
    """The meaning that the benchmark's table gives the folder."""
    return Reading(f"the labels of {folder}", "", lookup_table(folder.encoding))


def other_readings(benchmark: Benchmark, folder: LabelFolder) -> list[Reading]:
    """
    The wrong conventions that occur in practice, likelier ones first.

    Returns:
        list[Reading]: none of them equal to the folder's own, or to one before it.
    """
    readings = [own_reading(folder)]
    for reading in (
        *_unlabelled_kept(benchmark, folder),
        *_other_folders(benchmark, folder),
        *_shifted(benchmark),
        *_reordered(benchmark),
    ):
        if not any(np.array_equal(reading.table, known.table) for known in readings):
            readings.append(reading)
    return readings[1:]


def _unlabelled_kept(benchmark: Benchmark, folder: LabelFolder) -> Iterator[Reading]:
    if benchmark.background and lookup_table(folder.encoding)[IGNORE_LABEL] == ILLEGAL:
        yield Reading(
            "labels that keep 255 for unlabelled pixels, which the literature scores as background",
            f"write 0 where they have 255, or {restore(benchmark)}",
            lookup_table(shifted_encoding(benchmark.num_classes)),
        )


def _other_folders(benchmark: Benchmark, folder: LabelFolder) -> Iterator[Reading]:
    for other in benchmark.labels:
        if other.encoding != folder.encoding:
            yield Reading(
                f"labels of {other.path}/*{other.suffix} ({other.encoding})",
                f"move them to {other.path}/*{other.suffix}, or {restore(benchmark)}",
                lookup_table(other.encoding),
            )


def _shifted(benchmark: Benchmark) -> Iterator[Reading]:
    num_classes = benchmark.num_classes
    yield Reading(
        f"train ids (0..{num_classes - 1}, 255 = unlabelled)",
        restore(benchmark),
        lookup_table(shifted_encoding(num_classes)),
    )
    up = LabelEncoding(raw_encoding(num_classes).ids, (0, IGNORE_LABEL))
    yield Reading(
        "labels that are one too high (0 = unlabelled)", restore(benchmark), lookup_table(up)
    )
    table = _empty_table()
    table[: num_classes - 1] = np.arange(1, num_classes)
    table[[IGNORE_LABEL - 1, IGNORE_LABEL]] = (IGNORE_LABEL, 0)
    first = "background" if benchmark.background else f"class 0 ({benchmark.class_names[0]})"
    yield Reading(
        f"labels that are one too low, reduced once too often: {first} became 255",
        restore(benchmark),
        table,
    )


def _reordered(benchmark: Benchmark) -> Iterator[Reading]:
    num_classes = benchmark.num_classes
    if benchmark.background:
        last = LabelEncoding((num_classes - 1, *range(num_classes - 1)), (IGNORE_LABEL,))
        yield Reading(
            "labels with background as the last class instead of the first",
            f"write 0 where they have {num_classes - 1} and add one to the others, or "
            + restore(benchmark),
            lookup_table(last),
        )
    if benchmark.key == "coco_stuff":
        yield from _stuff_orders(benchmark)
    if benchmark.key.startswith("context"):
        table = _empty_table()
        table[[*range(460), IGNORE_LABEL]] = 0 if benchmark.background else IGNORE_LABEL
        table[list(PASCAL_CONTEXT_IDS)] = np.arange(benchmark.background, num_classes)
        yield Reading(
            "the 459 categories of Pascal Context",
            restore(benchmark),
            table,
        )


def _stuff_orders(benchmark: Benchmark) -> Iterator[Reading]:
    take = restore(benchmark)
    order = (*range(_NUM_STUFF, _NUM_STUFF + _NUM_THINGS), *range(_NUM_STUFF))
    plus_one = tuple(value + 1 for value in order)
    for ids, unlabelled, what in (
        (order, (IGNORE_LABEL,), "labels with stuff before things instead of things before stuff"),
        (plus_one, (0, IGNORE_LABEL), "labels with stuff before things, one too high"),
        (
            tuple(value + 1 for value in COCO_STUFF_IDS),
            (0, IGNORE_LABEL),
            "labels of COCO-Stuff-10k, another split (1..182, 0 = unlabelled)",
        ),
    ):
        yield Reading(what, take, lookup_table(LabelEncoding(ids, unlabelled)))


def _empty_table() -> np.ndarray:
    return np.full(NUM_VALUES, ILLEGAL, dtype=np.int16)

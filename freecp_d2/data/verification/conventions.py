"""
Wrong encodings that occur in practice, as alternative readings of the values of label files.

A reading maps each value to a class. It is likely if it contains values that the folder's encoding
lacks, or if its histogram is much closer to the expected one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..benchmark_spec import COCO_STUFF_IDS, PASCAL_CONTEXT_IDS, Benchmark, LabelFolder, restore
from ..label_reading import NUM_VALUES
from ..labels import (
    IGNORE_LABEL,
    ILLEGAL,
    LabelEncoding,
    lookup_table,
    raw_encoding,
    shifted_encoding,
)


@dataclass(frozen=True, eq=False)
class Reading:
    """One meaning of the values of label files; `table` as of `lookup_table`."""

    what: str  # completes "They look like ..."
    advice: str
    table: np.ndarray


def count_classes(table: np.ndarray, values: np.ndarray, num_classes: int) -> np.ndarray:
    """
    Pixels of class 0..K-1, unlabelled and illegal ones, shape (K + 2,), by a `lookup_table` and the
    pixels of each value, shape (65536,).
    """
    ids = table.astype(np.int64)
    ids[table == IGNORE_LABEL] = num_classes
    ids[table == ILLEGAL] = num_classes + 1
    return np.bincount(ids, weights=values, minlength=num_classes + 2).astype(np.int64)


def other_readings(benchmark: Benchmark, folder: LabelFolder) -> list[Reading]:
    """The readings that differ from the folder's own and from each other, likeliest first."""
    readings: list[Reading] = []
    tables = [lookup_table(folder.encoding)]
    for reading in (
        *_unlabelled_kept(benchmark, folder),
        *_other_folders(benchmark, folder),
        *_shifted(benchmark),
        *_reordered(benchmark),
    ):
        if not any(np.array_equal(reading.table, table) for table in tables):
            tables.append(reading.table)
            readings.append(reading)
    return readings


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
            files = f"{other.path}/*{other.suffix}"
            yield Reading(
                f"labels of {files} ({other.encoding})",
                f"move them to {files}, or {restore(benchmark)}",
                lookup_table(other.encoding),
            )


def _shifted(benchmark: Benchmark) -> Iterator[Reading]:
    num_classes, advice = benchmark.num_classes, restore(benchmark)
    train_ids = lookup_table(shifted_encoding(num_classes))
    yield Reading(f"train ids (0..{num_classes - 1}, 255 = unlabelled)", advice, train_ids)
    up = LabelEncoding(raw_encoding(num_classes).ids, (0, IGNORE_LABEL))
    yield Reading("labels that are one too high (0 = unlabelled)", advice, lookup_table(up))
    down = np.full(NUM_VALUES, ILLEGAL, np.int16)
    down[: num_classes - 1] = np.arange(1, num_classes)
    down[[IGNORE_LABEL - 1, IGNORE_LABEL]] = (IGNORE_LABEL, 0)
    first = "background" if benchmark.background else f"class 0 ({benchmark.class_names[0]})"
    what = f"labels that are one too low, reduced once too often: {first} became 255"
    yield Reading(what, advice, down)


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
    if benchmark.key in ("context59", "context60"):
        table = np.full(NUM_VALUES, ILLEGAL, np.int16)
        table[[*range(460), IGNORE_LABEL]] = 0 if benchmark.background else IGNORE_LABEL
        table[list(PASCAL_CONTEXT_IDS)] = np.arange(benchmark.background, num_classes)
        yield Reading("the 459 categories of Pascal Context", restore(benchmark), table)


def _stuff_orders(benchmark: Benchmark) -> Iterator[Reading]:
    order = (*range(91, 171), *range(91))  # 91 kinds of stuff, 80 things
    plus_one, ids_10k = (tuple(v + 1 for v in values) for values in (order, COCO_STUFF_IDS))
    for ids, unlabelled, what in (
        (order, (IGNORE_LABEL,), "labels with stuff before things instead of things before stuff"),
        (plus_one, (0, IGNORE_LABEL), "labels with stuff before things, one too high"),
        (ids_10k, (0, IGNORE_LABEL), "labels of COCO-Stuff-10k (1..182, 0 = unlabelled)"),
    ):
        yield Reading(what, restore(benchmark), lookup_table(LabelEncoding(ids, unlabelled)))

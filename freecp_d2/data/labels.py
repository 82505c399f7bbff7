"""
Read label files as train ids, with checks of the encoding.

Two encodings of one benchmark may differ by one: ADE20K has 1..150 as published and 0..149 as
Detectron2's converter writes it. Reading one as the other renames every class without a crash.
Therefore a value that is not in the encoding is an error, which names the likely cause.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .label_palettes import Palette, foreign_to_all
from .label_reading import NUM_VALUES, count_values, read_values

IGNORE_LABEL = 255
"""The train id of a pixel without a class; it is never scored."""

ILLEGAL = -1
"""The entry of `lookup_table` for a value that an encoding does not contain."""

_NUM_PROBED = 32
_MANY = 10
_MIN_EVIDENCE = 16  # fewer label maps may lack unlabelled pixels by chance


@dataclass(frozen=True)
class LabelEncoding:
    """
    What the pixel values of a label file mean.

    ValueError if a value occurs twice or is out of 0..65535, or for more than 255 classes.
    """

    ids: Sequence[int | tuple[int, ...]]  # of class 0, 1, ...: its value or values; hashable
    unlabelled: tuple[int, ...] = ()  # the values of pixels without a class
    masks_allowed: int = 1  # more files of only 0 and 255 are taken for masks of one class

    def __post_init__(self) -> None:
        values = [*(value for _, value in self.pairs()), *self.unlabelled]
        if len(set(values)) != len(values) or not all(0 <= v < NUM_VALUES for v in values):
            raise ValueError(
                f"a label encoding needs distinct values in 0..{NUM_VALUES - 1}, got {values}."
            )
        if len(self.ids) > IGNORE_LABEL:
            raise ValueError(
                f"{len(self.ids)} classes leave no room for the ignore label {IGNORE_LABEL}."
            )

    def __str__(self) -> str:
        values = [ids for ids in self.ids if isinstance(ids, int)]
        parts = [f"{min(values)}..{max(values)} = classes"]
        background = next((ids for ids in self.ids if isinstance(ids, tuple)), ())
        for kind, others in (("background", background), ("unlabelled", self.unlabelled)):
            parts += [f"{_ranges(others)} = {kind}"] if others else []
        return ", ".join(parts)

    def read(self, path: str | Path) -> np.ndarray:
        """The train ids of a file, int16 (H, W); see `read_label`."""
        labels = lookup_table(self)[read_values(path)]
        if labels.min() == ILLEGAL:
            self.check_values(path, *count_values(path))
        return labels

    def check_values(self, path: str | Path, values: Iterable[int], palette: Palette) -> None:
        """ValueError if a file with these values, and colours of a palette, has an illegal one."""
        present, table = sorted(values), lookup_table(self)
        if found := [value for value in present if table[value] == ILLEGAL]:
            cause = self.explain(present, found)
            if foreign_to_all(palette):
                cause += (
                    " Or a program has saved it with a palette of its own, whose indices are no "
                    "class numbers."
                )
            cause += blurred(found)
            raise ValueError(f"{path}: pixel value {first_values(found)}; expected {self}. {cause}")

    def explain(self, present: list[int], illegal: list[int]) -> str:
        """How a file with the values `present`, some of them `illegal`, was probably made."""
        if present == [0, IGNORE_LABEL]:
            return (
                f"It is a mask of two values, {first_values(present)}, which says where one class "
                "is, and not which; write class numbers."
            )
        return likely_cause(illegal, self)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """(class, value in the file) for each value that is a class."""
        for label, ids in enumerate(self.ids):
            for value in ids if isinstance(ids, tuple) else (ids,):
                yield label, value


def raw_encoding(num_classes: int) -> LabelEncoding:
    """Values 1..K for the classes, 0 for unlabelled: ADE20K as published."""
    return LabelEncoding(range(1, num_classes + 1), (0,))


def shifted_encoding(num_classes: int) -> LabelEncoding:
    """Values 0..K-1 for the classes, 255 for unlabelled: files of train ids."""
    return LabelEncoding(range(num_classes), (IGNORE_LABEL,))


def rest_encoding(ids: Sequence[int], others: Sequence[int] = ()) -> LabelEncoding:
    """`ids` for classes 1, 2, ...; `others` and 255 for class 0, the background."""
    return LabelEncoding(((*others, IGNORE_LABEL), *ids))


@functools.lru_cache(maxsize=16)
def lookup_table(encoding: LabelEncoding) -> np.ndarray:
    """The train id of each possible value, (65536,) int16; `ILLEGAL` where there is none."""
    table = np.full(NUM_VALUES, ILLEGAL, dtype=np.int16)
    labels, values = zip(*encoding.pairs(), strict=True)
    table[list(values)] = labels
    table[list(encoding.unlabelled)] = IGNORE_LABEL
    return table


def look_up(codes: np.ndarray, train_ids: Mapping[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The train ids of codes of colours, int16, and the codes that the table lacks."""
    keys = np.array(sorted(train_ids), codes.dtype)
    index = np.searchsorted(keys, codes).clip(0, len(keys) - 1)
    labels = np.array([train_ids[key] for key in keys.tolist()], np.int16)
    return labels[index], codes[keys[index] != codes]


class LabelReader(Protocol):
    """What `label_encoding` of a record is: a reader of its label file, which can be hashed."""

    def read(self, path: str | Path) -> np.ndarray:
        """The train ids of a file, (H, W); see `read_label`."""


def read_label(
    path: str | Path, dtype: npt.DTypeLike = np.int64, *, encoding: LabelReader
) -> np.ndarray:
    """
    Read a label file as train ids, shape (H, W), values 0..K-1 and 255 (`IGNORE_LABEL`).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a label map, or has a value that is not in the encoding.
    """
    return encoding.read(path).astype(dtype)


def classes_present(path: str | Path, encoding: LabelReader | None = None) -> list[int]:
    """
    The train ids in a label file, ascending, for the oracle of Tab. 1; those are its values if
    `encoding` is None. Raises as `read_label`.
    """
    labels = read_label(path, encoding=encoding or shifted_encoding(IGNORE_LABEL))
    return [label for label in np.unique(labels).tolist() if label != IGNORE_LABEL]


def probe_labels(paths: Sequence[str], encoding: LabelEncoding) -> None:
    """
    Read up to 32 evenly spaced label files, to detect a wrong encoding before a run starts.

    ValueError if a file has a value that is not in the encoding, or if no pixel of 16 files or more
    is unlabelled although the encoding has a value for it: such labels were probably not shifted.
    """
    count = min(len(paths), _NUM_PROBED)
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, count).round().astype(int)]
    unlabelled = [bool((read_label(p, encoding=encoding) == IGNORE_LABEL).any()) for p in chosen]
    if encoding.unlabelled and count >= _MIN_EVIDENCE and not any(unlabelled):
        raise ValueError(
            f"{chosen[0]} and {count - 1} more label files have no unlabelled pixel; expected "
            f"{encoding}. They look like labels of another encoding, shifted by one; use the "
            "official files, or see datasets/README.md for the folder of each encoding."
        )


def first_values(values: Sequence[int]) -> str:
    """The first five of `values` for a message, "..." for the rest."""
    return ", ".join(map(str, values[:5])) + (" ..." if values[5:] else "")


def blurred(illegal: Sequence[int]) -> str:
    """The sentence about many illegal values, which interpolation and lossy compression make."""
    if len(illegal) < _MANY:
        return ""
    return (
        f" Or, since there are {len(illegal)} such values: it was resized with interpolation or "
        "compressed with loss, which mixes the values of neighbouring regions; take it from its "
        "source, and resize by nearest neighbour."
    )


def likely_cause(found: list[int], encoding: LabelEncoding) -> str:
    """The probable cause of the illegal values `found`, and what to do."""
    num_classes = len(encoding.ids)
    if IGNORE_LABEL - 1 in found:
        return "It looks shifted twice (0 became 255, then 254); shift the official labels once."
    if IGNORE_LABEL in found and not encoding.unlabelled:
        return (
            "Its background became 255, which this benchmark scores as class 0; convert the "
            "official files as datasets/README.md says."
        )
    if encoding.ids[0] == 1 and IGNORE_LABEL in found:
        return (
            f"It looks already shifted (0..{num_classes - 1}, 255 = unlabelled); move such files "
            "to the folder of shifted labels, or restore the official ones."
        )
    if encoding.ids[0] == 0 and num_classes in found:
        return (
            f"It looks unshifted (1..{num_classes}, 0 = unlabelled); move such files to the folder "
            "of official labels, or shift them."
        )
    return "It looks like a label map of another list of classes; use the benchmark's own."


def _ranges(values: Sequence[int]) -> str:
    """Values as ranges: (0, 1, 2, 255) is "0..2, 255"."""
    ranges: list[list[int]] = []
    for value in sorted(values):
        if ranges and value == ranges[-1][1] + 1:
            ranges[-1][1] = value
        else:
            ranges.append([value, value])
    return ", ".join(str(a) if a == b else f"{a}..{b}" for a, b in ranges)

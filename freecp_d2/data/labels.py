"""
Label files: how their pixel values spell classes, and reading them as train ids.

Two spellings of the same benchmark differ by one (ADE20K: 1..150 as published, 0..149 as
Detectron2's converter writes them). Reading one as the other gives every class its neighbour's name
without a crash, hence the checks here: a value that the expected spelling does not know is an error
that names the likely cause.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..d2 import PathManager

IGNORE_LABEL = 255
"""The train id of a pixel without a class; it is never scored."""

ILLEGAL = -1
"""What `lookup_table` gives for a value that an encoding does not know."""

NUM_VALUES = 1 << 16
"""Label files have 8 or 16 bits."""

_NUM_PROBED = 32
_MIN_EVIDENCE = 16  # so many label maps without one unlabelled pixel are no coincidence
_INDEX_MODES = ("L", "P", "I", "I;16", "I;16L", "I;16B")


@dataclass(frozen=True)
class LabelEncoding:
    """
    What the pixel values of a label file mean.

    Args:
        ids: the file's value of class 0, 1, ..., or its values, a tuple; hashable.
        unlabelled: the values of pixels without a class.
    """

    ids: Sequence[int | tuple[int, ...]]
    unlabelled: tuple[int, ...] = ()

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
        rest = next((ids for ids in self.ids if isinstance(ids, tuple)), ())
        for kind, others in (("background", rest), ("unlabelled", self.unlabelled)):
            parts += [f"{_ranges(others)} = {kind}"] if others else []
        return ", ".join(parts)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """(class, value in the file) for each value that is a class."""
        for label, ids in enumerate(self.ids):
            for value in ids if isinstance(ids, tuple) else (ids,):
                yield label, value


def raw_encoding(num_classes: int) -> LabelEncoding:
    """Values 1..K for the classes, 0 for unlabelled: ADE20K as published."""
    return LabelEncoding(range(1, num_classes + 1), (0,))


def shifted_encoding(num_classes: int) -> LabelEncoding:
    """Values 0..K-1 for the classes, 255 for unlabelled: files that hold train ids."""
    return LabelEncoding(range(num_classes), (IGNORE_LABEL,))


def rest_encoding(ids: Sequence[int], others: Sequence[int] = ()) -> LabelEncoding:
    """`ids` for classes 1, 2, ...; `others` and 255, what no class is named for, are class 0."""
    return LabelEncoding(((*others, IGNORE_LABEL), *ids))


def read_label(
    path: str | Path, dtype: npt.DTypeLike = np.int64, *, encoding: LabelEncoding
) -> np.ndarray:
    """
    Read a label file as train ids.

    Args:
        path: an indexed, 8-bit grey or 16-bit grey image.
        dtype: of the result; anything that holds 0..255.
        encoding: what the file's values mean.

    Returns:
        ndarray: shape (H, W), values 0..K-1 and 255 (`IGNORE_LABEL`).

    Raises:
        ValueError: the file is no label map, or has a value the encoding does not know.
    """
    values = read_values(path)
    labels = lookup_table(encoding)[values]
    illegal = labels == ILLEGAL
    if illegal.any():
        found = np.unique(values[illegal]).tolist()
        raise ValueError(
            f"{path}: pixel value {', '.join(map(str, found[:5]))}{' ...' if found[5:] else ''}; "
            f"expected {encoding}. {likely_cause(found, encoding)}"
        )
    return labels.astype(dtype)


def classes_present(path: str | Path, encoding: LabelEncoding | None = None) -> list[int]:
    """
    The classes that a label file has, for the oracle of Tab. 1; unlabelled pixels are no class.

    Args:
        path: a label file.
        encoding: what its values mean; None for train ids, 255 (`IGNORE_LABEL`) for no class.

    Returns:
        list[int]: train ids, ascending.

    Raises:
        ValueError: the file is no label map, or has a value the encoding does not know.
    """
    labels = read_label(path, encoding=encoding or shifted_encoding(IGNORE_LABEL))
    return [label for label in np.unique(labels).tolist() if label != IGNORE_LABEL]


def probe_labels(paths: Sequence[str], encoding: LabelEncoding) -> None:
    """
    Read up to 32 evenly spaced label files, to find a wrong convention before a run starts.

    Args:
        paths: the label files of a benchmark, in order.
        encoding: what their values are believed to mean.

    Raises:
        ValueError: a file has a value the encoding does not know, or 16 files or more have not one
            unlabelled pixel although the encoding has a value for it: the sign of labels that were
            never shifted.
    """
    count = min(len(paths), _NUM_PROBED)
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, count).round().astype(int)]
    unlabelled = [bool((read_label(p, encoding=encoding) == IGNORE_LABEL).any()) for p in chosen]
    if encoding.unlabelled and count >= _MIN_EVIDENCE and not any(unlabelled):
        raise ValueError(
            f"{chosen[0]} and {count - 1} more label files have no unlabelled pixel; expected "
            f"{encoding}. They look like labels of another convention, shifted by one; take the "
            "official files, or see datasets/README.md for the folder of each convention."
        )


def read_values(path: str | Path) -> np.ndarray:
    """
    Read the stored values of a label file, whatever they mean.

    Returns:
        ndarray: shape (H, W), integers in 0..65535.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged (its cause is the decoder's error) or is no label map.
    """
    try:
        with PathManager.open(str(path), "rb") as file, Image.open(file) as image:
            # Decoders stretch grey of fewer than 8 bits to 0..255, which loses the class numbers.
            rawmode = str(image.tile[0][3]) if image.tile else ""
            normalized_cam = image.mode == "1" or (image.mode == "L" and rawmode.startswith("L;"))
            mode, values = image.mode, np.asarray(image)
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: cannot be read as a label map ({error}).") from error
    if normalized_cam or mode not in _INDEX_MODES:
        raise ValueError(
            f"{path}: is stored as {rawmode or mode}, expected one class number a pixel (indexed, "
            "8-bit grey or 16-bit grey); take the label file, not its coloured image."
        )
    if values.min() < 0 or values.max() >= NUM_VALUES:
        raise ValueError(f"{path}: values {values.min()}..{values.max()}, expected 0..65535.")
    return values


@functools.lru_cache(maxsize=16)
def lookup_table(encoding: LabelEncoding) -> np.ndarray:
    """The train id of each possible value, (65536,) int16; -1 where there is none."""
    table = np.full(NUM_VALUES, ILLEGAL, dtype=np.int16)
    labels, values = zip(*encoding.pairs(), strict=True)
    table[list(values)] = labels
    table[list(encoding.unlabelled)] = IGNORE_LABEL
    return table


def _ranges(values: Sequence[int]) -> str:
    """Values as runs: (0, 1, 2, 255) is "0..2, 255"."""
    runs: list[list[int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ", ".join(str(a) if a == b else f"{a}..{b}" for a, b in runs)


def likely_cause(found: list[int], encoding: LabelEncoding) -> str:
    """One sentence on how labels with the values `found` came about, and what to do."""
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
    return "It looks like a label map of another list of classes; take the benchmark's own."

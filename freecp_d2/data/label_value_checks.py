"""Decode the label files of a dataset, and say what is wrong with them."""

import functools
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from .file_checks import first_few
from .label_palettes import foreign_palette
from .label_reading import count_values
from .labels import (
    IGNORE_LABEL,
    LabelEncoding,
    LabelReader,
    blurred,
    first_values,
    lookup_table,
)

logger = logging.getLogger(__name__)

_THREADS = 8


@dataclass(frozen=True, eq=False)
class LabelFile:
    """What one label file holds."""

    path: str
    encoding: LabelReader | None  # None: train ids
    fault: str = ""  # why it cannot be read as labels
    pixels: Mapping[int, int] = field(default_factory=dict)  # train id -> number of pixels
    values: tuple[int, ...] = ()  # the stored values; () if the file has colours
    palette: Mapping[int, tuple[int, int, int]] | None = None  # stored value -> colour


@functools.lru_cache(maxsize=16)
def examine_labels(
    labels: tuple[tuple[str, LabelReader | None, int], ...],
    num_classes: int,
    ignore_label: int,
    has_voc_classes: bool = False,
) -> tuple[str, ...]:
    """
    Decode label files, and say what is wrong with them: what was found, expected, and to do.

    The result is cached: several configs of one process may evaluate the same dataset.

    Args:
        labels: (file, what its values mean; None: train ids, time of its last change).
        has_voc_classes: the palette of VOC is expected in indexed files.
    """
    files = decode_labels([label[:2] for label in labels], num_classes, ignore_label)
    faults = judge_labels(files, has_voc_classes)
    if not faults and len(files) > 1:
        _warn_doubtful(files, num_classes)
    return tuple(faults)


def _warn_doubtful(files: Sequence[LabelFile], num_classes: int) -> None:
    classes = {k for file in files for k in file.pixels if k != IGNORE_LABEL}
    if len(classes) == 1 and num_classes > 1:
        logger.warning(
            f"All pixels with a class in {len(files)} labels ({files[0].path}, ...) have class "
            f"{classes.pop()} of {num_classes}, and the mIoU is its IoU. Check that these are the "
            "right files."
        )
    masks = [file.path for file in files if file.values == (0, IGNORE_LABEL)]
    if len(masks) > max(_masks_allowed(files), len(files) // 2):
        logger.warning(
            f"{len(masks)} of {len(files)} labels ({first_few(masks)}) have the values 0 and 255 "
            "alone, as masks of one class; 255 is not scored. Check that they are class numbers."
        )


def _masks_allowed(files: Sequence[LabelFile]) -> int:
    """How many files may hold only 0 and 255; see `LabelEncoding`."""
    return max(getattr(file.encoding, "masks_allowed", 1) for file in files)


def decode_labels(
    labels: Sequence[tuple[str, LabelReader | None]], num_classes: int, ignore_label: int
) -> list[LabelFile]:
    """Decode label files in several threads."""
    decode = functools.partial(_decode, num_classes, ignore_label)
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(decode, labels))


def judge_labels(files: Sequence[LabelFile], has_voc_classes: bool) -> list[str]:
    """What is wrong with label files, the likeliest cause first; see `examine_labels`."""
    faults = []
    if broken := [file.fault for file in files if file.fault]:
        faults.append(f"{len(broken)} of {len(files)} labels cannot be used: {first_few(broken)}")
    readable = [file for file in files if not file.fault]
    values = {value for file in readable for value in file.values or (-1,)}
    if values == {0, IGNORE_LABEL} and len(readable) > _masks_allowed(files):
        faults.append(
            f"the values of all {len(readable)} labels are 0 and 255 ({readable[0].path}), as in "
            "masks of one class; 255 would not be scored. Expected class numbers: write them into "
            "the labels. A dataset of your own can say what both mean in dataset.yaml: `classes: "
            "{0: background, 255: NAME}` with `ignore: []`, or `ignore: [255]` if 255 is no class."
        )
    palettes = {file.path: file.palette for file in readable if file.palette}
    if fault := foreign_palette(palettes, has_voc_classes):
        faults.append(fault)
    if readable and not any(k != IGNORE_LABEL for file in readable for k in file.pixels):
        faults.append(
            f"not one pixel of {len(readable)} labels has a class, all are ignored "
            f"({readable[0].path}: value {first_values(readable[0].values)}). Nothing can be "
            "scored; use labels with classes."
        )
    return faults


def _decode(
    num_classes: int, ignore_label: int, label: tuple[str, LabelReader | None]
) -> LabelFile:
    path, encoding = label
    try:
        if encoding is not None and not isinstance(encoding, LabelEncoding):
            found, numbers = np.unique(encoding.read(path), return_counts=True)
            pixels = dict(zip(found.tolist(), numbers.tolist(), strict=True))
            return LabelFile(path, encoding, pixels=pixels)
        values, palette = count_values(path)
        if encoding is None:
            _check_train_ids(path, values, num_classes, ignore_label)
        else:
            encoding.check_values(path, values, palette)
    except (ValueError, OSError) as error:
        return LabelFile(path, encoding, fault=str(error).rstrip("."))
    counts: Counter[int] = Counter()
    for value, count in values.items():
        if encoding is None:
            counts[IGNORE_LABEL if value == ignore_label else value] += count
        else:
            counts[int(lookup_table(encoding)[value])] += count
    return LabelFile(path, encoding, "", counts, tuple(sorted(values)), palette)


def _check_train_ids(path: str, values: Iterable[int], num_classes: int, ignore_label: int) -> None:
    illegal = sorted(value for value in values if value >= num_classes and value != ignore_label)
    if illegal:
        raise ValueError(
            f"{path}: the label has the values {first_values(illegal)}, expected 0.."
            f"{num_classes - 1} = classes, {ignore_label} = ignored; write train ids into the "
            "files, or correct stuff_classes and ignore_label of the metadata."
            f"{blurred(illegal)}"
        )

"""Decode the label files of a dataset, and say what is wrong with them."""

import functools
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

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
    read_label,
)

logger = logging.getLogger(__name__)

_THREADS = 8


@dataclass(frozen=True, eq=False)
class LabelFile:
    """
    What one label file holds.

    Args:
        fault: why it cannot be read as labels, else "".
        pixels: train id -> number of pixels.
        values: the stored values; () if the file has colours.
        palette: stored value -> colour, of an indexed file.
    """

    path: str
    fault: str = ""
    pixels: Mapping[int, int] | None = None
    values: tuple[int, ...] = ()
    palette: Mapping[int, tuple[int, int, int]] | None = None


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
    most_masks = masks_allowed(e for _, e, _ in labels)
    faults = judge_labels(files, most_masks, has_voc_classes)
    if not faults and len(files) > 1:
        _warn_doubtful(files, most_masks, num_classes)
    return tuple(faults)


def _warn_doubtful(files: Sequence[LabelFile], most_masks: int, num_classes: int) -> None:
    classes = {k for f in files for k in f.pixels or () if k != IGNORE_LABEL}
    if len(classes) == 1 and num_classes > 1:
        logger.warning(
            f"All pixels with a class in {len(files)} labels ({files[0].path}, ...) have class "
            f"{classes.pop()} of {num_classes}, and the mIoU is its IoU. Check that these are the "
            "right files."
        )
    masks = [file.path for file in files if file.values == (0, IGNORE_LABEL)]
    if len(masks) > max(most_masks, len(files) // 2):
        logger.warning(
            f"{len(masks)} of {len(files)} labels ({first_few(masks)}) have the values 0 and 255 "
            "alone, as masks of one class; 255 is not scored. Check that they are class numbers."
        )


def decode_labels(
    labels: Sequence[tuple[str, LabelReader | None]], num_classes: int, ignore_label: int
) -> list[LabelFile]:
    """Decode label files in several threads."""
    decode = functools.partial(_decode, num_classes, ignore_label)
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(decode, labels))


def judge_labels(files: Sequence[LabelFile], most_masks: int, has_voc_classes: bool) -> list[str]:
    """What is wrong with label files, the likeliest cause first; see `examine_labels`."""
    count = len(files)
    faults = []
    if broken := [file.fault for file in files if file.fault]:
        faults.append(f"{len(broken)} of {count} labels cannot be used: {first_few(broken)}")
    readable = [file for file in files if file.pixels is not None]
    values = {value for file in readable for value in file.values or (-1,)}
    if values == {0, IGNORE_LABEL} and len(readable) > most_masks:
        faults.append(
            f"the values of all {len(readable)} labels are 0 and 255 ({readable[0].path}), as in "
            "masks of one class; 255 would not be scored. Expected class numbers: write them into "
            "the labels. A dataset of your own can say what both mean in dataset.yaml: `classes: "
            "{0: background, 255: NAME}` with `ignore: []`, or `ignore: [255]` if 255 is no class."
        )
    palettes = {file.path: file.palette for file in readable if file.palette}
    if fault := foreign_palette(palettes, has_voc_classes):
        faults.append(fault)
    scored = sum(n for f in readable for k, n in (f.pixels or {}).items() if k != IGNORE_LABEL)
    if readable and not scored:
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
            found, counts = np.unique(read_label(path, encoding=encoding), return_counts=True)
            return LabelFile(path, pixels=dict(zip(found.tolist(), counts.tolist(), strict=True)))
        values, palette = count_values(path)
        if encoding is None:
            _check_train_ids(path, values, num_classes, ignore_label)
        else:
            encoding.check_values(path, values, palette)
    except (ValueError, OSError) as error:
        return LabelFile(path, fault=str(error).rstrip("."))
    pixels: Counter[int] = Counter()
    for value, count in values.items():
        if encoding is None:
            pixels[IGNORE_LABEL if value == ignore_label else value] += count
        else:
            pixels[int(lookup_table(encoding)[value])] += count
    return LabelFile(path, pixels=pixels, values=tuple(sorted(values)), palette=palette)


def _check_train_ids(path: str, values: Iterable[int], num_classes: int, ignore_label: int) -> None:
    illegal = sorted(value for value in values if value >= num_classes and value != ignore_label)
    if illegal:
        raise ValueError(
            f"{path}: the label has the values {first_values(illegal)}, expected 0.."
            f"{num_classes - 1} = classes, {ignore_label} = ignored; write train ids into the "
            "files, or correct stuff_classes and ignore_label of the metadata."
            f"{blurred(illegal)}"
        )


def masks_allowed(encodings: Iterable[LabelReader | None]) -> int:
    """The largest number of label files that may hold only 0 and 255."""
    return max(getattr(e, "masks_allowed", LabelEncoding.masks_allowed) for e in encodings)

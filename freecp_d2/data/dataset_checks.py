"""
The checks of every dataset before a run: metadata, records, files, label values and names.

`check_dataset` stops at the first kind of fault; `freecp data verify` lists all.
Headers of all files are read, and up to `MAX_DECODED` labels are decoded, evenly spread over the
dataset. Labels are checked again when they are scored.
"""

import logging
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..d2 import MetadataCatalog
from ..text import Vocabulary
from .benchmarks import BENCHMARKS
from .file_checks import DamagedFilesError, check_pairs, first_few
from .label_value_checks import examine_labels
from .labels import LabelEncoding

logger = logging.getLogger(__name__)

MAX_DECODED = 2000
"""Labels of a larger dataset are sampled."""

_VOC = set(BENCHMARKS["voc20"].class_names)
_MAX_REMOTE = 8  # of files that are not on a disk


def check_metadata(name: str) -> None:
    """ValueError if metadata lack classes or the ignore label, or if two classes have one name."""
    metadata = MetadataCatalog.get(name)
    lines = {"stuff_classes": 'stuff_classes=["sky", "road"]', "ignore_label": "ignore_label=255"}
    if missing := [line for key, line in lines.items() if metadata.get(key) is None]:
        raise ValueError(
            f"{name}: its metadata have no {' and no '.join(k.split('=')[0] for k in missing)}; "
            f'where it is registered, add MetadataCatalog.get("{name}").set({", ".join(missing)}).'
        )
    classes = list(metadata.stuff_classes)
    if twice := [k for k, class_ in enumerate(classes) if class_ in classes[:k]]:
        k = twice[0]
        raise ValueError(
            f"{name}: classes {classes.index(classes[k])} and {k} are both named {classes[k]!r}, "
            "and results are listed by name; give each class its own name, or merge the two in the "
            "labels."
        )


def check_dataset(
    name: str, records: Sequence[Mapping[str, Any]], *, skip_damaged: bool = False
) -> None:
    """
    Check the records of a dataset and their files.

    Args:
        skip_damaged: leave out files that cannot be decoded, since the run will do so.

    Raises:
        ValueError: a record lacks a key or occurs twice; files are damaged, of unequal size, no
            labels, or have values that are no class; no pixel has a class.
        FileNotFoundError: a file is missing.
    """
    check_metadata(name)
    metadata = MetadataCatalog.get(name)
    if skip_damaged:
        records = _whole(records)
    elif damage := next((record["damage"] for record in records if "damage" in record), ""):
        raise ValueError(damage)
    pairs = _pairs(name, records)
    on_disk = [pair for pair in pairs if not any("://" in path for path in pair)]
    encodings = tuple(record.get("label_encoding") for record in records)
    has_numbers = all(e is None or isinstance(e, LabelEncoding) for e in encodings)
    if has_numbers and len(on_disk) == len(pairs):
        _check_exist(name, on_disk)
        check_pairs(tuple(on_disk))
    limit = MAX_DECODED if len(on_disk) == len(pairs) else _MAX_REMOTE
    chosen = np.linspace(0, len(pairs) - 1, min(limit, len(pairs))).round().astype(int).tolist()
    if faults := examine_labels(
        tuple((pairs[i][1], encodings[i], _stamp(pairs[i][1])) for i in chosen),
        len(metadata.stuff_classes),
        metadata.ignore_label,
        is_voc(metadata.stuff_classes),
    ):
        raise ValueError(f"{name}: {faults[0]}")
    sampled = f"those of {len(chosen)}, evenly spread, have been checked; the others are checked"
    logger.info(
        f"{name}: {len(pairs)} images and labels agree in size; of the labels' values, "
        + (f"{sampled} when they are scored" if len(chosen) < len(pairs) else "all are legal")
    )


def _whole(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records whose files can be decoded; all of them if they are not on a disk."""
    records = [record for record in records if "damage" not in record]
    paths = [
        (record.get("file_name", ""), record.get("sem_seg_file_name", "")) for record in records
    ]
    if not all(os.path.isfile(path) for pair in paths for path in pair):
        return records
    try:
        check_pairs(tuple(paths))
    except DamagedFilesError as error:
        return _whole(
            [r for r, pair in zip(records, paths, strict=True) if not error.paths & {*pair}]
        )
    except ValueError:  # is raised again by the checks
        pass
    return records


def is_voc(classes: Sequence[str]) -> bool:
    """Whether the classes of VOC are among these."""
    return {*map(_key, classes)} >= {*map(_key, _VOC)}


def check_names(name: str, vocabulary: Vocabulary) -> None:
    """ValueError if a dataset has the names of a vocabulary of its size in another order."""
    classes = MetadataCatalog.get(name).stuff_classes
    has_background = len(classes) > vocabulary.num_classes
    groups = [("background",)] * has_background + list(vocabulary.classes)
    words = [{_key(word) for word in group} for group in groups]
    place = {word: k for k, group in enumerate(words) for word in group}
    moved = [
        k
        for k, label in enumerate(map(_key, classes))
        if label not in words[k] and place.get(label, k) != k
    ]
    if moved:
        first = moved[0]
        ours = [group[0] for group in groups]
        raise ValueError(
            f"{name} and the vocabulary {vocabulary.name} have {len(moved)} names in another "
            f"order: label {first} is {classes[first]!r} in the dataset and {ours[first]!r} in the "
            f"words. The dataset's order: {', '.join(classes[:20])}. The words' order: "
            f"{', '.join(ours[:20])}. Write the words in the dataset's order."
        )


def _key(name: str) -> str:
    """What two spellings of a name share: "Traffic-Lights" and "traffic light"."""
    return re.sub(r"s?\b[\W_]*", "", name.lower().replace("_", " "))


def _pairs(name: str, records: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """(image file, label file) of each record."""
    for i, record in enumerate(records):
        for key in ("file_name", "sem_seg_file_name"):
            if key not in record:
                raise ValueError(
                    f'{name}: record {i} has no "{key}", only {sorted(record)}; return it from the '
                    "function that is registered for the dataset."
                )
    counts = Counter(str(record["file_name"]) for record in records)
    if twice := [path for path, count in counts.items() if count > 1]:
        raise ValueError(
            f"{name}: {len(twice)} images occur in several records: {first_few(twice)}; expected "
            "one record for each image."
        )
    return [(str(r["file_name"]), str(r["sem_seg_file_name"])) for r in records]


def _check_exist(name: str, pairs: Sequence[tuple[str, str]]) -> None:
    missing = [path for pair in pairs for path in pair if not os.path.exists(path)]
    if missing:
        raise FileNotFoundError(
            f"{name}: {len(missing)} files of its records do not exist: {first_few(missing)}; "
            "correct the paths, or restore the files."
        )


def _stamp(path: str) -> int:
    return os.stat(path).st_mtime_ns if os.path.exists(path) else 0

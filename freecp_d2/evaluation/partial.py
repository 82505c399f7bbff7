"""
Results of single images, kept on disk while an evaluation runs.

Each process appends one line an image to a file of its own, so that a kill costs the image in
progress. A line is JSON; its counts are compressed, about a kilobyte an image. Lines that are
incomplete or damaged are ignored when they are read.
"""

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..utils.files import blaming

NO_COUNTS = np.zeros((2, 0), np.int64)
_COUNTS = ("counts", "boundary", "purification")  # of `ImageResult`


class ImageResult(NamedTuple):
    """
    What one image adds to the numbers of a dataset.

    Attributes:
        counts: sparse confusion matrix, (2, n): indices into the flat matrix, and pixels.
        boundary: the same of Boundary IoU, empty unless it is computed.
        masks: entries of `sem_seg_predictions.json`, empty unless it is written.
        purification: the same of the vector of `purification.count_decisions`, empty without
            purification.
        image: the file name.
    """

    counts: np.ndarray
    boundary: np.ndarray = NO_COUNTS
    masks: Sequence[dict[str, Any]] = ()
    purification: np.ndarray = NO_COUNTS
    image: str = ""


class StoredResult(NamedTuple):
    """A result with its dataset, its image, and the state of the files that it was made from."""

    dataset: str
    image: str
    stamp: list
    result: ImageResult


def sparse_counts(matrix: np.ndarray) -> np.ndarray:
    """The entries of an array that are not 0, see `ImageResult.counts`."""
    flat = matrix.reshape(-1)
    index = np.flatnonzero(flat)
    return np.stack([index, flat[index]])


def add_counts(matrix: np.ndarray, counts: np.ndarray) -> None:
    """Add sparse counts to a contiguous array, in place."""
    matrix.reshape(-1)[counts[0]] += counts[1]


def append_result(path: Path, stored: StoredResult) -> None:
    """Append one line. OSError, which names the file, if the disk is full or not writable."""
    entry = stored._asdict() | {"masks": stored.result.masks}
    entry |= {name: _pack(getattr(stored.result, name)) for name in _COUNTS}
    del entry["result"]
    line = json.dumps(entry)
    with blaming(path), open(path, "ab") as file:
        file.write(f"{line}\n".encode())


def read_results(path: Path) -> list[StoredResult]:
    """All complete lines of a file."""
    found = []
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
            counts = {name: _unpack(entry[name]) for name in _COUNTS}
            result = ImageResult(**counts, masks=entry["masks"], image=entry["image"])
            found.append(StoredResult(entry["dataset"], entry["image"], entry["stamp"], result))
        except (ValueError, KeyError, TypeError, zlib.error):
            continue  # the last line of a killed process, or a damaged one
    return found


def results_of_run(output_dir: str | Path) -> Iterator[StoredResult]:
    """The results of all images that an evaluation has stored in its OUTPUT_DIR."""
    for path in sorted(Path(output_dir).glob("partial/*.jsonl")):
        yield from read_results(path)


def _pack(counts: np.ndarray) -> str:
    index, pixels = counts
    steps = np.diff(index, prepend=0)  # small numbers, which compress better
    data = np.stack([steps, pixels]).astype("<u4").tobytes()
    return base64.b64encode(zlib.compress(data)).decode() if len(index) else ""


def _unpack(text: str) -> np.ndarray:
    if not text:
        return NO_COUNTS
    data = zlib.decompress(base64.b64decode(text, validate=True))
    steps, pixels = np.frombuffer(data, "<u4").astype(np.int64).reshape(2, -1)
    return np.stack([np.cumsum(steps), pixels])

"""
Verify a benchmark's files in full: decode every image and label, and report all findings.

Loading a benchmark reads headers only and stops at the first fault, so that a run starts quickly;
verifying takes minutes.
"""

import functools
import os
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..benchmark_spec import Benchmark, LabelFolder
from ..checks import DECODE_ERRORS, describe_sizes, displayed_size
from ..labels import ILLEGAL, NUM_VALUES, lookup_table, read_values
from ..loading import BenchmarkFiles, find_files, select_split
from .conventions import count_classes
from .findings import Finding, count_finding
from .plausibility import MIN_IMAGES, ValueCount, judge_values

_AGAIN = "download or extract them again"
_FILE_FAULTS = {
    "image": ("images cannot be decoded, expected complete files", _AGAIN),
    "label": ("labels cannot be decoded, expected complete files", _AGAIN),
    "mode": ("labels do not hold class numbers", "use the label files, not their images"),
    "size": (
        "images and their annotations differ in size (width x height), expected equal sizes, EXIF "
        "rotation applied to the image",
        "take both from the official archive",
    ),
}
"""Kind of finding on single files -> what was found, advice."""


@dataclass(frozen=True, eq=False)
class Verification:
    """
    The result for one benchmark.

    Args:
        files: the images and labels that belong to the benchmark, and their folders.
        pixels: pixels of class 0..K-1 and unlabelled ones, shape (K + 1,).
        findings: in the order in which they should be repaired.
        notes: what could not be judged, and why.
    """

    benchmark: Benchmark
    files: BenchmarkFiles
    pixels: np.ndarray
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Decoded:
    """A file's (height, width), None if it is faulty, and a label's (value, number of pixels)."""

    size: tuple[int, int] | None = None
    fault: tuple[str, str] = ("", "")  # kind of finding, message
    values: tuple[tuple[int, int], ...] = ()


def verify_benchmark(benchmark: Benchmark, root: str, num_workers: int = 8) -> Verification:
    """
    Decode all of a benchmark's images and labels and check their contents, with a progress bar on a
    terminal.

    Args:
        benchmark: a row of the table.
        root: the folder of all datasets.
        num_workers: threads that decode.

    Returns:
        Verification: without findings if the files are complete and correct.

    Raises:
        FileNotFoundError: a folder of images or of labels is missing or empty.
    """
    files, findings = _select(benchmark, find_files(benchmark, root), root)
    folder = files.label_folder
    keys = sorted(files.images.keys() & files.labels.keys())
    pairs = [(files.images[key], files.labels[key]) for key in keys]
    with ThreadPoolExecutor(num_workers) as pool:
        results = pool.map(_decode_pair, pairs)
        bar = tqdm(results, benchmark.name, len(pairs), unit="image", leave=False, disable=None)
        decoded = list(bar)
    findings += _file_faults(pairs, decoded)
    values = _count_values(folder, pairs, [label for _, label in decoded])
    findings += judge_values(benchmark, folder, values)
    notes = []
    if values.num_files < MIN_IMAGES:
        notes.append(
            f"too few images to judge the histogram: {values.num_files} with labels that can be "
            f"read, {MIN_IMAGES} are needed"
        )
    counted = count_classes(lookup_table(folder.encoding), values.pixels, benchmark.num_classes)
    return Verification(benchmark, files, counted[:-1], tuple(findings), tuple(notes))


def _select(
    benchmark: Benchmark, files: BenchmarkFiles, root: str
) -> tuple[BenchmarkFiles, list[Finding]]:
    """The files that belong to the benchmark, and findings on their names and number."""
    folder, absent = files.label_folder, list[str]()
    findings = []
    try:
        files, absent = select_split(benchmark, files, root)
    except FileNotFoundError:
        findings.append(
            Finding(
                "split",
                f"{folder.split_file} is missing, expected the names of the benchmark's images; "
                f"all files of {folder.path} that have an image are used instead",
                "extract it from the archive of the annotations, or see datasets/README.md",
            )
        )
        files = files.keep(files.images.keys() & files.labels.keys())
    if count := count_finding(benchmark, len(files.images)):
        findings.append(count)
    images, labels = files.images.keys(), files.labels.keys()
    for keys, what, archive in (
        (absent, f"images that {folder.split_file} names are missing", "images"),
        (images - labels, "images have no annotation", "annotations"),
        (labels - images, "annotations have no image", "images"),
    ):
        if keys:
            found = tuple(sorted(keys))
            what, advice = f"{len(found)} {what}, expected one for each", f"extract the {archive}"
            findings.append(Finding("unpaired", what, f"{advice} again", found))
    return files, findings


def _decode_pair(pair: tuple[str, str]) -> tuple[_Decoded, _Decoded]:
    image, label = pair
    return _decode_image(image, *_stamp(image)), _decode_label(label, *_stamp(label))


def _stamp(path: str) -> tuple[int, int]:
    """Cache key of a file's contents: two benchmarks share files, which are decoded once."""
    try:
        stat = os.stat(path)
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


@functools.lru_cache(maxsize=1 << 16)
def _decode_image(path: str, *_stamp: int) -> _Decoded:
    try:
        with Image.open(path) as image:
            size = displayed_size(image)
            # An eighth of the size is several times faster, and still reads the whole file.
            image.draft(None, (image.width // 8, image.height // 8))
            image.load()
    except DECODE_ERRORS as error:
        return _Decoded(fault=("image", f"{path} ({error})"))
    return _Decoded(size)


@functools.lru_cache(maxsize=1 << 16)
def _decode_label(path: str, *_stamp: int) -> _Decoded:
    try:
        values = read_values(path)
    except (ValueError, OSError) as error:
        kind = "label" if isinstance(error, OSError) or error.__cause__ else "mode"
        return _Decoded(fault=(kind, str(error)))
    counts = np.bincount(values.ravel())
    present = np.flatnonzero(counts)
    height, width = values.shape
    pixels = tuple(zip(present.tolist(), counts[present].tolist(), strict=True))
    return _Decoded((height, width), values=pixels)


def _file_faults(
    pairs: list[tuple[str, str]], decoded: list[tuple[_Decoded, _Decoded]]
) -> Iterator[Finding]:
    """One finding for each kind of fault of single files."""
    faults = defaultdict(list)
    for (image_path, label_path), (image, label) in zip(pairs, decoded, strict=True):
        for answer in (image, label):
            if answer.size is None:
                faults[answer.fault[0]].append(answer.fault[1])
        if image.size and label.size and image.size != label.size:
            faults["size"].append(describe_sizes(image_path, image.size, label_path, label.size))
    for kind, (what, advice) in _FILE_FAULTS.items():
        if found := faults[kind]:
            yield Finding(kind, f"{len(found)} {what}", advice, tuple(found))


def _count_values(
    folder: LabelFolder, pairs: list[tuple[str, str]], labels: list[_Decoded]
) -> ValueCount:
    """Add up the values of the labels that could be read."""
    table = lookup_table(folder.encoding)
    legal, other = np.zeros(NUM_VALUES, np.int64), np.zeros(NUM_VALUES, np.int64)
    illegal_values: set[int] = set()
    illegal_files = []
    for (_, path), label in zip(pairs, labels, strict=True):
        found = {value for value, _ in label.values if table[value] == ILLEGAL}
        if found:
            illegal_values |= found
            illegal_files.append(path)
        for value, count in label.values:
            (other if found else legal)[value] += count
    num_files = sum(label.size is not None for label in labels)
    values = tuple(sorted(illegal_values))
    return ValueCount(legal + other, num_files, values, tuple(illegal_files), other)

"""
Verify a benchmark's files in full: decode every image and label, and report all findings.

This takes minutes; loading a benchmark reads headers only, and stops at the first fault.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ...utils.image_formats import open_image
from ..benchmark_spec import Benchmark
from ..checks import describe_sizes, displayed_size
from ..label_reading import DECODE_ERRORS
from ..labels import lookup_table, read_values
from ..loading import BenchmarkFiles, find_files, select_split
from .conventions import count_classes
from .findings import Finding, count_finding
from .plausibility import MIN_IMAGES, count_values, judge_values

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
    """The result for one benchmark."""

    benchmark: Benchmark
    files: BenchmarkFiles  # those that belong to the benchmark
    pixels: np.ndarray  # of class 0..K-1 and unlabelled ones, shape (K + 1,)
    findings: tuple[Finding, ...]  # in the order in which they should be repaired
    notes: tuple[str, ...]  # what could not be judged, and why


@dataclass(frozen=True)
class _Decoded:
    """An image and its label: faults (kind of finding, message), and the pixels of each value."""

    faults: list[tuple[str, str]]
    pixels: dict[int, int] | None = None  # None: the label cannot be read


def verify_benchmark(benchmark: Benchmark, root: str, num_workers: int = 8) -> Verification:
    """
    Decode all of a benchmark's images and labels below `root` with `num_workers` threads, and check
    their contents; shows a progress bar on a terminal.

    FileNotFoundError if a folder of images or of labels is missing or empty.
    """
    files, findings = _select(benchmark, find_files(benchmark, root), root)
    folder = files.label_folder
    keys = sorted(files.images.keys() & files.labels.keys())
    pairs = [(files.images[key], files.labels[key]) for key in keys]
    with ThreadPoolExecutor(num_workers) as pool:
        results = pool.map(_decode_pair, pairs)
        bar = tqdm(results, benchmark.name, len(pairs), unit="image", leave=False, disable=None)
        decoded = list(bar)
    findings += _file_faults(decoded)
    readable = {
        path: label.pixels
        for (_, path), label in zip(pairs, decoded, strict=True)
        if label.pixels is not None
    }
    values = count_values(folder.encoding, readable)
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
    except (FileNotFoundError, ValueError) as error:
        state = "is missing" if isinstance(error, FileNotFoundError) else "cannot be read"
        findings.append(
            Finding(
                "split",
                f"{folder.split_file} {state}, expected the names of the benchmark's images; "
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


def _decode_pair(pair: tuple[str, str]) -> _Decoded:
    image, label = pair
    faults = []
    size = None
    try:
        size = _decode_image(image)
    except DECODE_ERRORS as error:
        faults.append(("image", f"{image} ({error})"))
    try:
        values = read_values(label)
    except (ValueError, OSError) as error:
        kind = "label" if isinstance(error, OSError) or error.__cause__ else "mode"
        return _Decoded([*faults, (kind, str(error))])
    height, width = values.shape
    if size and size != (height, width):
        faults.append(("size", describe_sizes(image, size, label, (height, width))))
    counts = np.bincount(values.ravel())
    return _Decoded(faults, {int(value): int(counts[value]) for value in np.flatnonzero(counts)})


def image_fault(path: str) -> str:
    """Why an image file cannot be decoded, "" if it can."""
    try:
        _decode_image(path)
    except DECODE_ERRORS as error:
        return f"{path} ({error})"
    return ""


def _decode_image(path: str) -> tuple[int, int]:
    """Read all of an image file; returns its (height, width)."""
    with open(path, "rb") as file, open_image(file) as image:
        size = displayed_size(image)
        # An eighth of the size is several times faster, and still reads the whole file.
        image.draft(None, (image.width // 8, image.height // 8))
        image.load()
    return size


def _file_faults(decoded: list[_Decoded]) -> Iterator[Finding]:
    """One finding for each kind of fault."""
    for kind, (what, advice) in _FILE_FAULTS.items():
        if found := [text for pair in decoded for name, text in pair.faults if name == kind]:
            yield Finding(kind, f"{len(found)} {what}", advice, tuple(found))

"""
Verify a benchmark or an own dataset in full: decode all images and labels, and list all findings.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from ...d2 import DatasetCatalog, MetadataCatalog
from ...utils.image_formats import open_image
from ..benchmark_files import BenchmarkFiles, find_files, select_split
from ..benchmark_spec import Benchmark
from ..dataset_checks import is_voc
from ..file_checks import describe_sizes, displayed_size, first_few
from ..label_reading import DECODE_ERRORS, read_values
from ..label_value_checks import decode_labels, judge_labels
from ..labels import IGNORE_LABEL, lookup_table
from ..own import register_folders
from .conventions import count_classes
from .plausibility import MIN_IMAGES, Finding, count_values, judge_values

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
class FolderVerification:
    """The result for one own dataset."""

    name: str
    num_images: int
    names: tuple[str, ...]  # of the classes; empty if they could not be read
    pixels: tuple[int, ...]  # of each class, and last of the pixels without a class
    findings: tuple[str, ...]  # what was found, what was expected, what to do


class _Decoded(NamedTuple):
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
    for kind, (what, advice) in _FILE_FAULTS.items():
        if found := [text for pair in decoded for name, text in pair.faults if name == kind]:
            findings.append(Finding(kind, f"{len(found)} {what}", advice, tuple(found)))
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
    if (number := len(files.images)) != benchmark.num_images:
        what = f"{number} images, expected the official {benchmark.num_images}"
        advice = "use the official val split, all of it; results on another set are not comparable"
        findings.append(Finding("count", what, advice))
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
    size, fault = _decode_image(image)
    faults = [("image", fault)] if fault else []
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


def _decode_image(path: str) -> tuple[tuple[int, int] | None, str]:
    """Read all of an image file: its (height, width), or None and why it cannot be decoded."""
    try:
        with open(path, "rb") as file, open_image(file) as image:
            size = displayed_size(image)
            # An eighth of the size is several times faster, and still reads the whole file.
            image.draft(None, (image.width // 8, image.height // 8))
            image.load()
    except DECODE_ERRORS as error:
        return None, f"{path} ({error})"
    return size, ""


def verify_folder(name: str, num_workers: int = 8) -> FolderVerification:
    """
    Decode all images and labels of "folder:PATH" and check them; what prevents the listing of the
    files is the only finding then.
    """
    try:
        register_folders([name])
        records = DatasetCatalog.get(name)
    except (ValueError, OSError) as error:
        return FolderVerification(name, 0, (), (), (str(error),))
    classes = tuple(MetadataCatalog.get(name).stuff_classes)
    with ThreadPoolExecutor(num_workers) as pool:
        decoded = list(pool.map(_decode_image, [record["file_name"] for record in records]))
    findings = []
    if broken := [fault for _, fault in decoded if fault]:
        findings.append(
            f"{len(broken)} of {len(records)} images cannot be decoded: {first_few(broken)}. "
            "Expected complete files; get them again."
        )
    labels = [(record["sem_seg_file_name"], record["label_encoding"]) for record in records]
    files = decode_labels(labels, len(classes), IGNORE_LABEL)
    findings += judge_labels(files, is_voc(classes))
    counts: Counter[int] = Counter()
    for file in files:
        counts.update(file.pixels)
    pixels = tuple(counts[label] for label in (*range(len(classes)), IGNORE_LABEL))
    return FolderVerification(name, len(records), classes, pixels, tuple(findings))

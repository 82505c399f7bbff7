"""Check the encoding of a whole folder of label files by their pixel values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..benchmark_spec import Benchmark, LabelFolder, restore
from ..label_reading import NUM_VALUES
from ..labels import ILLEGAL, LabelEncoding, first_values, likely_cause, lookup_table
from .class_shares import CLASS_SHARES, Expectation
from .conventions import Reading, count_classes, other_readings

MIN_IMAGES = 32
"""A histogram of fewer label files is not judged."""

_MIN_IMAGES_UNLIKE = 100  # to call a histogram wrong without another reading that fits
_MAX_DIVERGENCE = 1.0  # nats; correct sets stay below half of it, other data sets reach several
_MAX_RATIO = 0.35  # how much closer another reading must be; no correct set comes near
_MIN_EVIDENCE = 12.0  # nats, counting each image as one independent pixel
_LARGE = 0.05  # of all pixels
_MIN_FILES_UNLABELLED = 16
_FIRST_INSTANCE_ID = 1000  # Cityscapes numbers instances from 24 * 1000


@dataclass(frozen=True)
class Finding:
    """One fault of a benchmark's files."""

    kind: str  # count, split, unpaired, image, label, mode, size, values, convention, ...
    what: str  # what was found and what was expected
    advice: str
    files: tuple[str, ...] = ()  # all that are concerned; empty for the whole set


@dataclass(frozen=True)
class ValueCount:
    """The values of the label files of a folder; illegal ones are not in its encoding."""

    pixels: np.ndarray  # of each value, shape (65536,)
    num_files: int
    illegal_values: tuple[int, ...]  # ascending
    illegal_files: tuple[str, ...]
    illegal_pixels: np.ndarray  # as `pixels`, of the illegal files alone


def count_values(encoding: LabelEncoding, files: Mapping[str, Mapping[int, int]]) -> ValueCount:
    """Add up the pixels of label files, path -> value -> number of pixels."""
    table = lookup_table(encoding)
    legal, other = np.zeros(NUM_VALUES, np.int64), np.zeros(NUM_VALUES, np.int64)
    illegal_values: set[int] = set()
    illegal_files = []
    for path, pixels in files.items():
        illegal = {value for value in pixels if table[value] == ILLEGAL}
        illegal_values |= illegal
        if illegal:
            illegal_files.append(path)
        for value, count in pixels.items():
            (other if illegal else legal)[value] += count
    values = tuple(sorted(illegal_values))
    return ValueCount(legal + other, len(files), values, tuple(illegal_files), other)


def judge_values(benchmark: Benchmark, folder: LabelFolder, values: ValueCount) -> list[Finding]:
    """
    Check the values of a folder against its encoding; if all are legal, the histogram is known and
    there are `MIN_IMAGES` files, against the histogram. At most one finding, the likeliest cause.
    """
    if values.illegal_files:
        return [_illegal_values(benchmark, folder, values)]
    is_known = benchmark.key in CLASS_SHARES
    checks = []
    if is_known and values.num_files >= MIN_IMAGES:
        checks.append(_reads_better_otherwise)
    if values.num_files >= _MIN_FILES_UNLABELLED:
        checks.append(_unlabelled_lost)
    if is_known and values.num_files >= _MIN_IMAGES_UNLIKE:
        checks += [_unlike, _class_lost]
    counts = count_classes(lookup_table(folder.encoding), values.pixels, benchmark.num_classes)
    findings = (check(benchmark, folder, values, counts) for check in checks)
    return [finding for finding in findings if finding][:1]


def _illegal_values(benchmark: Benchmark, folder: LabelFolder, values: ValueCount) -> Finding:
    """Name the values that are not in the encoding, and a reading that contains them."""
    found = values.illegal_values
    present = values.illegal_pixels > 0
    fitting = [
        reading
        for reading in other_readings(benchmark, folder)
        if not (reading.table[present] == ILLEGAL).any()
    ]
    if benchmark.key == "cityscapes" and found[-1] >= _FIRST_INSTANCE_ID:
        cause = "They look like instance ids (24000 is the first person's)"
        advice = f"use the files that end in {folder.suffix}"
    elif fitting:
        best = _best(benchmark, fitting, values.illegal_pixels)
        cause, advice = f"They look like {best.what}", best.advice
    else:
        cause = likely_cause(list(found), folder.encoding).rstrip(".")
        advice = restore(benchmark)
    count = f"{len(values.illegal_files)} of {values.num_files} label files"
    what = f"pixel value {first_values(found)} in {count}; expected {folder.encoding}. {cause}"
    return Finding("values", what, advice, values.illegal_files)


def _reads_better_otherwise(
    benchmark: Benchmark, folder: LabelFolder, values: ValueCount, counts: np.ndarray
) -> Finding | None:
    """Find another reading whose histogram is clearly closer to the expected one."""
    expected = Expectation(benchmark)
    for labelled in (False, True):
        best = _best(benchmark, other_readings(benchmark, folder), values.pixels, labelled)
        after = count_classes(best.table, values.pixels, benchmark.num_classes)
        far, near = (expected.divergence(c, labelled) for c in (counts, after))
        if near <= _MAX_RATIO * far and values.num_files * (far - near) >= _MIN_EVIDENCE:
            return Finding(
                "convention",
                f"the labels look like {best.what}; expected {folder.encoding}. As expected values "
                f"the largest classes would be {_largest(benchmark, counts)}; read so they are "
                f"{_largest(benchmark, after)}, close to what is known of the dataset",
                best.advice,
            )
    return None


def _unlabelled_lost(
    benchmark: Benchmark, folder: LabelFolder, values: ValueCount, counts: np.ndarray
) -> Finding | None:
    """Find that no pixel is unlabelled, although the encoding has a value for them."""
    unlabelled = folder.encoding.unlabelled
    if not unlabelled or values.pixels[list(unlabelled)].any():
        return None
    if benchmark.key == "voc21":
        cause = "VOC's void borders were written as background and would be scored"
    else:
        cause = "unlabelled pixels were written as a class and would be scored"
    what = f"not one pixel of {values.num_files} label files is unlabelled "
    what += f"({' or '.join(map(str, unlabelled[:5]))}); {cause}"
    return Finding("unlabelled", what, restore(benchmark))


def _class_lost(
    benchmark: Benchmark, folder: LabelFolder, values: ValueCount, counts: np.ndarray
) -> Finding | None:
    """Find a large class without pixels, or the first or last, which a shift by one loses."""
    expected = Expectation(benchmark)
    ends = (0, benchmark.num_classes - 1)
    shares = dict(zip(expected.listed, expected.shares.tolist(), strict=False))
    wanted = {label: f"about {share:.0%}" for label, share in shares.items() if share >= _LARGE}
    if values.num_files >= benchmark.num_images / 2:  # all classes occur in the whole set
        wanted = dict.fromkeys(ends, "some") | wanted
    for label, share in wanted.items():
        if not counts[label]:
            what = f"no pixel is {benchmark.class_names[label]!r} (class {label}), expected {share}"
            what += ". They look shifted by one" if label in ends else ""
            return Finding("histogram", what, restore(benchmark))
    return None


def _unlike(
    benchmark: Benchmark, folder: LabelFolder, values: ValueCount, counts: np.ndarray
) -> Finding | None:
    """Find a histogram far from the expected one, which no reading explains."""
    expected = Expectation(benchmark)
    if expected.divergence(counts) < _MAX_DIVERGENCE:
        return None
    order = np.argsort(-expected.shares[: len(expected.listed)], kind="stable")[:3]
    usual = [f"{benchmark.class_names[expected.listed[i]]} {expected.shares[i]:.0%}" for i in order]
    return Finding(
        "histogram",
        f"the largest classes are {_largest(benchmark, counts)}; expected roughly "
        f"{', '.join(usual)} of all pixels. They look like labels of another list of classes, or "
        "another set of images",
        restore(benchmark),
    )


def _best(
    benchmark: Benchmark, readings: Sequence[Reading], pixels: np.ndarray, labelled: bool = False
) -> Reading:
    """The reading closest to the expected histogram; among equals, with fewest unused values."""
    expected = Expectation(benchmark)

    def distance(reading: Reading) -> tuple[float, int]:
        counts = count_classes(reading.table, pixels, benchmark.num_classes)
        unused = (reading.table != ILLEGAL) & (pixels == 0)
        return round(expected.divergence(counts, labelled), 6), int(unused.sum())

    return min(readings, key=distance)


def _largest(benchmark: Benchmark, counts: np.ndarray) -> str:
    """The three largest classes and their shares of all pixels."""
    order = np.argsort(-counts[:-2], kind="stable")[:3]
    return ", ".join(f"{benchmark.class_names[i]} {counts[i] / counts.sum():.0%}" for i in order)

"""What the pixel values of a whole folder of label files say about its convention."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..benchmark import Benchmark, LabelFolder
from ..labels import ILLEGAL, likely_cause
from .conventions import Expectation, Reading, other_readings, own_reading
from .findings import Finding, restore

MIN_IMAGES = 32
"""A histogram of fewer label files is not judged."""

_MIN_IMAGES_UNLIKE = 100  # to say that a histogram is wrong without saying why
_MAX_DIVERGENCE = 1.0  # nats; correct sets stay below half of it, strangers reach several
_MAX_RATIO = 0.35  # another reading must be that much closer; on correct sets none comes near
_MIN_EVIDENCE = 12.0  # nats, if an image were worth as little as one independent pixel
_LARGE = 0.05  # of all pixels
_MIN_FILES_UNLABELLED = 16
_FIRST_INSTANCE_ID = 1000  # Cityscapes numbers instances from 24 * 1000


@dataclass(frozen=True)
class ValueCount:
    """
    The values of the label files of a folder.

    Args:
        pixels: pixels of each value, shape (65536,).
        num_files: the number of files that were read.
        illegal_values: those that have no meaning in the folder's encoding, ascending.
        illegal_files: the files that have such a value.
        illegal_pixels: like `pixels`, in those files alone.
    """

    pixels: np.ndarray
    num_files: int
    illegal_values: tuple[int, ...]
    illegal_files: tuple[str, ...]
    illegal_pixels: np.ndarray


def judge_values(benchmark: Benchmark, folder: LabelFolder, values: ValueCount) -> list[Finding]:
    """
    Find out whether the values can be what the benchmark's table says of the folder.

    Args:
        benchmark: a row of the table.
        folder: the one of its folders of labels that was read.
        values: what the files hold.

    Returns:
        list[Finding]: at most one, the likeliest cause; the histogram is only judged if all values
        are legal and there are `MIN_IMAGES` files or more.
    """
    if not values.num_files:
        return []
    if values.illegal_files:
        return [_illegal_values(benchmark, folder, values)]
    if values.num_files < _MIN_FILES_UNLABELLED:
        return []
    checks = [_unlabelled_lost]
    if values.num_files >= MIN_IMAGES:
        checks.insert(0, _reads_better_otherwise)
    if values.num_files >= _MIN_IMAGES_UNLIKE:
        checks += [_unlike, _class_lost]
    findings = (check(benchmark, folder, values) for check in checks)
    return [finding for finding in findings if finding is not None][:1]


def _illegal_values(benchmark: Benchmark, folder: LabelFolder, values: ValueCount) -> Finding:
    """Values that the encoding does not know, and the reading that knows them."""
    found = values.illegal_values
    shown = ", ".join(map(str, found[:5])) + (" ..." if found[5:] else "")
    count = f"{len(values.illegal_files)} of {values.num_files} label files"
    what = f"pixel value {shown} in {count}; expected {folder.encoding}. "
    present = values.illegal_pixels > 0
    fitting = [
        reading
        for reading in other_readings(benchmark, folder)
        if not (reading.table[present] == ILLEGAL).any()
    ]
    if benchmark.key == "cityscapes" and found[-1] >= _FIRST_INSTANCE_ID:
        what += "They look like instance ids (24000 is the first person's)"
        advice = f"take the files that end in {folder.suffix}"
    elif fitting:
        best = _best(benchmark, fitting, values.illegal_pixels)
        what += f"They look like {best.what}"
        advice = best.advice
    else:
        what += likely_cause(list(found), folder.encoding).rstrip(".")
        advice = restore(benchmark)
    return Finding("values", what, advice, values.illegal_files)


def _reads_better_otherwise(
    benchmark: Benchmark, folder: LabelFolder, values: ValueCount
) -> Finding | None:
    """Another reading that explains the histogram clearly better than the folder's own."""
    expected, own = Expectation(benchmark), own_reading(folder)
    for labelled in (False, True):
        best = _best(benchmark, other_readings(benchmark, folder), values.pixels, labelled)
        counts = [reading.count(values.pixels, benchmark.num_classes) for reading in (own, best)]
        before, after = (expected.divergence(count, labelled) for count in counts)
        evidence = values.num_files * (before - after)
        if after <= _MAX_RATIO * before and evidence >= _MIN_EVIDENCE:
            break
    else:
        return None
    return Finding(
        "convention",
        f"the labels look like {best.what}; expected {folder.encoding}. As expected values the "
        f"largest classes would be {_largest(benchmark, counts[0])}; read so they are "
        f"{_largest(benchmark, counts[1])}, close to what is known of the dataset",
        best.advice,
    )


def _unlabelled_lost(
    benchmark: Benchmark, folder: LabelFolder, values: ValueCount
) -> Finding | None:
    """Not one unlabelled pixel, although the encoding has a value for them."""
    unlabelled = folder.encoding.unlabelled
    if not unlabelled or values.pixels[list(unlabelled)].any():
        return None
    void = benchmark.key == "voc21"
    return Finding(
        "unlabelled",
        f"not one pixel of {values.num_files} label files is unlabelled "
        f"({' or '.join(map(str, unlabelled[:5]))}); "
        + (
            "VOC's void borders were written as background and would be scored"
            if void
            else "unlabelled pixels were written as a class and would be scored"
        ),
        restore(benchmark),
    )


def _class_lost(benchmark: Benchmark, folder: LabelFolder, values: ValueCount) -> Finding | None:
    """No pixel of a class that covers much of the dataset, or that a shift by one would lose."""
    expected = Expectation(benchmark)
    counts = own_reading(folder).count(values.pixels, benchmark.num_classes)
    shares = dict(zip(expected.listed, expected.shares.tolist(), strict=False))
    wanted = {label: f"about {share:.0%}" for label, share in shares.items() if share >= _LARGE}
    if values.num_files >= benchmark.num_images / 2:  # all classes occur in the whole set
        wanted = {0: "some", benchmark.num_classes - 1: "some"} | wanted
    for label in (label for label in wanted if not counts[label]):
        shifted = " They look shifted by one" if label in (0, benchmark.num_classes - 1) else ""
        return Finding(
            "histogram",
            f"no pixel is {benchmark.class_names[label]!r} (class {label}), expected "
            f"{wanted[label]}.{shifted}".rstrip("."),
            restore(benchmark),
        )
    return None


def _unlike(benchmark: Benchmark, folder: LabelFolder, values: ValueCount) -> Finding | None:
    """A histogram far from what is known, for which no reading accounts."""
    expected = Expectation(benchmark)
    counts = own_reading(folder).count(values.pixels, benchmark.num_classes)
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
    """The reading whose histogram is closest to the expected one; of equals, the narrowest."""
    expected = Expectation(benchmark)

    def distance(reading: Reading) -> tuple[float, int]:
        counts = reading.count(pixels, benchmark.num_classes)
        unused = (reading.table != ILLEGAL) & (pixels == 0)
        return round(expected.divergence(counts, labelled), 6), int(unused.sum())

    return min(readings, key=distance)


def _largest(benchmark: Benchmark, counts: np.ndarray) -> str:
    classes = counts[:-2]
    order = np.argsort(-classes, kind="stable")[:3]
    return ", ".join(f"{benchmark.class_names[i]} {classes[i] / counts.sum():.0%}" for i in order)

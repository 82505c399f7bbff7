"""The paired bootstrap over images, which gives a difference of mIoU its interval."""

from dataclasses import dataclass

import numpy as np

from .pixel_counts import mean_iou


@dataclass(frozen=True)
class Interval:
    """A difference of mIoU and the ends of its interval, in points."""

    difference: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.difference:+.1f} [{self.low:+.1f}, {self.high:+.1f}]"


def paired_bootstrap(
    first: np.ndarray, second: np.ndarray, *, repetitions: int = 2000, level: float = 0.95
) -> Interval:
    """
    Percentile interval of mIoU(second) - mIoU(first) over resampled images.

    Each repetition draws images with replacement and evaluates both variants on them. Both counts,
    shape (I, 3, K), must be of the same images, else ValueError.
    """
    if first.shape != second.shape or not np.array_equal(first[:, 2], second[:, 2]):
        raise ValueError(
            f"counts of shape {first.shape} and {second.shape} are not of the same images in the "
            "same order; count both variants in one run."
        )
    rng = np.random.default_rng(0)
    count = len(first)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=repetitions)
    drawn = [np.einsum("ri,ick->rck", weights, counts) for counts in (first, second)]
    differences = mean_iou(drawn[1]) - mean_iou(drawn[0])
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(differences, [tail, 100 - tail])
    difference = float(mean_iou(second.sum(axis=0)) - mean_iou(first.sum(axis=0)))
    return Interval(difference, float(low), float(high))

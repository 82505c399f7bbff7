"""Confidence interval of the difference of two mIoU: the paired bootstrap over images."""

from dataclasses import dataclass

import numpy as np

from .counts import mean_iou


@dataclass(frozen=True)
class Interval:
    """A difference of mIoU over all images, and the ends of its interval, in points."""

    difference: float
    low: float
    high: float


def paired_bootstrap(
    first: np.ndarray,
    second: np.ndarray,
    *,
    repetitions: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """
    Percentile interval of mIoU(second) - mIoU(first) over resampled images.

    Each repetition draws images with replacement and evaluates both variants on them.

    Args:
        first, second: counts of two variants on the same images, shape (I, 3, K).

    Raises:
        ValueError: the counts are of different images.
    """
    if first.shape != second.shape or not np.array_equal(first[:, 2], second[:, 2]):
        raise ValueError(
            f"counts of shape {first.shape} and {second.shape} are not of the same images in the "
            "same order; count both variants in one run."
        )
    rng = np.random.default_rng(seed)
    count = len(first)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=repetitions)
    drawn = [np.einsum("ri,ick->rck", weights, counts) for counts in (first, second)]
    differences = mean_iou(drawn[1]) - mean_iou(drawn[0])
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(differences, [tail, 100 - tail])
    difference = float(mean_iou(second.sum(axis=0)) - mean_iou(first.sum(axis=0)))
    return Interval(difference, float(low), float(high))

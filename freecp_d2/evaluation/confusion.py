"""
What a confusion matrix tells: the other mean of the IoU, and which class is taken for which.

Shape shorthand in this module: K classes. A confusion matrix is (K+1, K+1), in pixels; rows are
predictions, columns ground truth, and the last of each is "ignored".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Confusion", "find_confusions", "mean_iou_mmseg", "only_predicted", "shares_of_truth"]


@dataclass(frozen=True)
class Confusion:
    """
    Pixels of one class that were taken for another.

    Attributes:
        true, predicted: the two classes.
        pixels: how many.
        percent_of_true: of the pixels of the true class.
        percent_of_errors: of all pixels that are scored and wrong.
    """

    true: str
    predicted: str
    pixels: int
    percent_of_true: float
    percent_of_errors: float


def mean_iou_mmseg(matrix: np.ndarray) -> float:
    """
    mIoU by mmsegmentation's rule: the mean over the classes that are in the ground truth or in the
    predictions.

    Detectron2's is the mean over the classes that are in the ground truth; a class that is only
    predicted counts 0 here and not at all there. On a validation set that has every class the two
    are equal.

    Args:
        matrix: a confusion matrix.

    Returns:
        float: percent; NaN where nothing is scored.
    """
    # The rule: https://github.com/open-mmlab/mmsegmentation/blob/main/mmseg/evaluation/metrics/
    # iou_metric.py (Apache-2.0), nanmean over intersection / union.
    hit, true, predicted = _totals(matrix)
    union = true + predicted - hit
    counted = union > 0
    if not counted.any():
        return float("nan")
    return float(100 * (np.sum(hit[counted] / union[counted]) / np.sum(counted)))


def only_predicted(matrix: np.ndarray) -> list[int]:
    """The classes that were predicted where others were true, and are never true; most first."""
    _, true, predicted = _totals(matrix)
    found = np.flatnonzero((true == 0) & (predicted > 0))
    return found[np.argsort(-predicted[found], kind="stable")].tolist()


def shares_of_truth(matrix: np.ndarray) -> np.ndarray:
    """
    Where the pixels of each class went.

    Args:
        matrix: a confusion matrix.

    Returns:
        np.ndarray: (K, K), in percent; rows are ground truth and add up to 100, columns are
        predictions. A class without ground truth is a row of NaN.
    """
    pixels = matrix[:-1, :-1].T.astype(np.float64)
    true = pixels.sum(axis=1, keepdims=True)
    return np.divide(100 * pixels, true, out=np.full_like(pixels, np.nan), where=true > 0)


def find_confusions(
    matrix: np.ndarray, class_names: Sequence[str], limit: int | None = None
) -> list[Confusion]:
    """
    Pairs of a true class and another one that was predicted in its place.

    Args:
        matrix: a confusion matrix.
        class_names: K names.
        limit: so many at most; None gives all.

    Returns:
        list: those with at least one pixel, most pixels first, equals in label order.

    Raises:
        ValueError: there are not as many names as classes.
    """
    if matrix.shape != (len(class_names) + 1,) * 2:
        raise ValueError(
            f"the confusion matrix has shape {matrix.shape}, expected (K+1, K+1) for the "
            f"{len(class_names)} names given; name every class, and not the ignored label."
        )
    wrong = matrix[:-1, :-1].T.copy()
    true = wrong.sum(axis=1)
    np.fill_diagonal(wrong, 0)
    errors = wrong.sum()
    order = np.argsort(-wrong.ravel(), kind="stable")[: np.count_nonzero(wrong)][:limit]
    pairs = [divmod(int(i), len(class_names)) for i in order]
    return [
        Confusion(
            class_names[i],
            class_names[j],
            int(wrong[i, j]),
            percent_of_true=float(100 * wrong[i, j] / true[i]),
            percent_of_errors=float(100 * wrong[i, j] / errors),
        )
        for i, j in pairs
    ]


def _totals(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels that are right, true and predicted, each (K,); ignored ones do not count."""
    scored = matrix[:-1, :-1].astype(np.float64)
    return scored.diagonal(), scored.sum(axis=0), scored.sum(axis=1)

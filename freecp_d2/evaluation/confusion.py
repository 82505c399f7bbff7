"""
Predictions as label maps; of a confusion matrix mmsegmentation's mIoU, and which class is predicted
as which.

Shape shorthand in this module: K classes. A confusion matrix is (K+1, K+1), in pixels; rows are
predictions, columns ground truth, and the last of each is "ignored".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..utils.device import to_host


@dataclass(frozen=True)
class Confusion:
    """Pixels of class `true` that were predicted as class `predicted`."""

    true: str
    predicted: str
    pixels: int
    percent_of_true: float  # of all pixels of the true class
    percent_of_errors: float  # of all wrong pixels that are scored


def count_confusion(predicted: np.ndarray, true: np.ndarray, *, num_classes: int) -> np.ndarray:
    """The confusion matrix of one image, int64; labels in 0..K, K is ignored."""
    size = num_classes + 1
    pairs = size * predicted.astype(np.int64) + true
    return np.bincount(pairs.reshape(-1), minlength=size**2).reshape(size, size)


def mean_iou_mmseg(matrix: np.ndarray) -> float:
    """
    mIoU by mmsegmentation's rule, in percent; NaN if no pixel is scored.

    The mean is over the classes in the ground truth or the predictions; Detectron2's is over those
    in the ground truth. A class that is only predicted counts 0 here and is left out there.
    """
    # mmseg/evaluation/metrics/iou_metric.py (Apache-2.0): nanmean over intersection / union.
    hit, true, predicted = _totals(matrix)
    union = true + predicted - hit
    counted = union > 0
    if not counted.any():
        return float("nan")
    return float(100 * (np.sum(hit[counted] / union[counted]) / np.sum(counted)))


def only_predicted(matrix: np.ndarray) -> list[int]:
    """Classes that are predicted but never in the ground truth, most pixels first."""
    _, true, predicted = _totals(matrix)
    found = np.flatnonzero((true == 0) & (predicted > 0))
    return found[np.argsort(-predicted[found], kind="stable")].tolist()


def shares_of_truth(matrix: np.ndarray) -> np.ndarray:
    """
    Percent of the pixels of each true class (row) that each class was predicted for, (K, K).

    Rows add up to 100; the row of a class without ground truth is NaN.
    """
    pixels = matrix[:-1, :-1].T.astype(np.float64)
    true = pixels.sum(axis=1, keepdims=True)
    return np.divide(100 * pixels, true, out=np.full_like(pixels, np.nan), where=true > 0)


def find_confusions(
    matrix: np.ndarray, class_names: Sequence[str], limit: int | None = None
) -> list[Confusion]:
    """
    Find up to `limit` pairs of a true class and another class that was predicted for it.

    Most pixels come first, ties in label order. ValueError if there are not K `class_names`.
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
    found = []
    for i, j in (divmod(int(index), len(class_names)) for index in order):
        pixels = int(wrong[i, j])
        percents = float(100 * pixels / true[i]), float(100 * pixels / errors)
        found.append(Confusion(class_names[i], class_names[j], pixels, *percents))
    return found


def words_of_images(
    counts: Iterable[np.ndarray], num_classes: int, *, num_background: int = 0
) -> tuple[float, float]:
    """
    Recall and precision of the words in the label maps, percent; NaN where there are none.

    The unit is a pair of an image and a class: present if the class has a true pixel in the image,
    shown if a scored pixel has its label.

    Args:
        counts: sparse confusion matrix of each image, see `ImageResult.counts`.
        num_background: leading classes that are no words, 0 or 1.
    """
    both = present = shown = 0
    for index, _ in counts:
        predicted, true = np.divmod(index, num_classes + 1)
        scored = true < num_classes
        words, labels = (
            {int(k) for k in x[scored] if k >= num_background} for x in (true, predicted)
        )
        both, present, shown = both + len(words & labels), present + len(words), shown + len(labels)
    recall, precision = (100 * both / n if n else float("nan") for n in (present, shown))
    return recall, precision


def _totals(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Correct, true and predicted pixels, each (K,), without ignored ones."""
    scored = matrix[:-1, :-1].astype(np.float64)
    return scored.diagonal(), scored.sum(axis=0), scored.sum(axis=1)


def read_prediction(sem_seg: Tensor, num_classes: int, name: str) -> np.ndarray:
    """
    Scores (K, H, W) or integer labels (H, W) -> labels (H, W), int64, in 0..K-1.

    Raises ValueError, which starts with `name`, for another shape or type, NaN, or other labels.
    """
    is_integer = not (sem_seg.is_floating_point() or sem_seg.dtype == torch.bool)
    if sem_seg.ndim == 3 and sem_seg.shape[0] == num_classes:
        scores, labels = sem_seg.max(dim=0)
        labels, has_nan = to_host(labels, scores.isnan().any())
        if has_nan:
            raise ValueError(f"{name}: the scores have NaN; expected numbers.")
    elif sem_seg.ndim == 2 and is_integer:
        labels = sem_seg
    else:
        raise ValueError(
            f"{name}: sem_seg is {sem_seg.dtype} of shape {tuple(sem_seg.shape)}; "
            f"expected scores of shape ({num_classes}, H, W) or an integer label map (H, W)."
        )
    pred = labels.to("cpu", torch.int64).numpy()
    if pred.size and not 0 <= pred.min() <= pred.max() < num_classes:
        raise ValueError(
            f"{name}: predicted labels are in {pred.min()}..{pred.max()}; expected "
            f"0..{num_classes - 1}, one class for every pixel."
        )
    return pred

"""The predictions of a model as label maps."""

import numpy as np
import torch
from torch import Tensor

from ..utils.host import to_host


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

"""
Other models' class scores as the maps that purification reads.

Shape shorthand in this module: K classes, H x W pixels, h x w patches; ... any leading dimensions.
"""

import torch.nn.functional as F
from torch import Tensor

SCORE_KINDS = ("logits", "probabilities")


def as_probabilities(scores: Tensor, kind: str, temperature: float = 1.0) -> Tensor:
    """
    Scores of classes as numbers from 0, which means "not here".

    Args:
        scores: shape (..., K, H, W).
        kind: "logits" (softmax over the K classes) or "probabilities" (left as they are: a
            softmax's, sigmoids that sum to anything, MaskFormer's sums over masks).
        temperature: logits are divided by it first; the argmax stays the same.

    Returns:
        Tensor: float32, not negative, shape (..., K, H, W).

    Raises:
        ValueError: unknown `kind`; a temperature that is not positive, or not 1 with probabilities;
            scores that are no floating point numbers, not finite (minus infinity is a logit, if
            not all of a pixel are), or negative as probabilities.
    """
    check_kind(kind, temperature)
    if not scores.is_floating_point():
        raise ValueError(
            f"Scores are {scores.dtype}, expected floating point, one map a class; a label map has "
            "no scores to purify."
        )
    scores = scores.float()
    if kind == "logits":
        # A logit of minus infinity is a class that the model rules out.
        if not scores.amax(dim=-3).isfinite().all():
            raise ValueError(
                "Logits have NaN or infinity, or are minus infinity in all classes of a pixel; "
                "expected finite numbers."
            )
        return (scores / temperature).softmax(dim=-3)
    if not scores.isfinite().all():
        raise ValueError("Scores have NaN or infinity; expected finite numbers.")
    if scores.numel() and scores.amin() < 0:
        raise ValueError(
            f"Scores go down to {float(scores.amin()):.3g}, which is no probability; use logits."
        )
    return scores


def check_kind(kind: str, temperature: float = 1.0) -> None:
    """Raise ValueError for the arguments that `as_probabilities` refuses."""
    if kind not in SCORE_KINDS:
        raise ValueError(f'The kind of the scores is "{kind}"; use one of {SCORE_KINDS}.')
    if not temperature > 0:
        raise ValueError(f"The temperature of the softmax is {temperature}; use more than 0.")
    if kind == "probabilities" and temperature != 1:
        raise ValueError(
            f"A temperature of {temperature} divides logits, but the scores are probabilities; "
            "use 1.0."
        )


def as_maps(probabilities: Tensor) -> Tensor:
    """
    M of Eq. (1): scores that sum to at most one over the classes.

    Larger sums (sigmoids, MaskFormer) are divided out; smaller sums stay, so that a pixel without
    high scores is not amplified.

    Args:
        probabilities: not negative, shape (..., K, h, w).

    Returns:
        Tensor: in [0, 1], shape (..., K, h, w).
    """
    return probabilities / probabilities.sum(dim=-3, keepdim=True).clamp(min=1)


def pool_to_grid(maps: Tensor, grid: tuple[int, int]) -> Tensor:
    """The mean over the pixels of each patch: (K, H, W) -> (K, *grid)."""
    return F.adaptive_avg_pool2d(maps[None], grid)[0]

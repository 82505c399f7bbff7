"""
Eq. (5): redundancy purification.

Shapes: N windows, K classes, h x w patches.
"""

from torch import Tensor

from .eq4_spatial_consistency import spatial_consistency


def redundancy_scores(maps: Tensor, refined: Tensor) -> Tensor:
    """
    Eq. (5): s_k = SC(M_k, refined_k), the consistency of a class before and after refinement.

    Reading: refinement preserves the map of a word that is in the image and changes that of an
    absent word. M_k is the softmaxed map, not the min-max normalised one.

    Args:
        maps: M, shape (N, K, h, w), in [0, 1].
        refined: shape (N, K, h, w), in [0, 1].

    Returns:
        Tensor: shape (N, K), in [0, 0.5].
    """
    return spatial_consistency(maps, refined)


def drop_redundant(
    refined: Tensor, scores: Tensor, thresh: float | Tensor
) -> tuple[Tensor, Tensor]:
    """
    Keep class k where s_k > tau_r; the map of a dropped class becomes 0.

    Args:
        refined: shape (N, K, h, w).
        scores: s, shape (N, K).
        thresh: tau_r, in [0, 0.5]; a number, or one for each window, shape (N,).

    Returns:
        tuple[Tensor, Tensor]: the maps, shape (N, K, h, w), and `keep`, bool, shape (N, K).
    """
    keep = scores > (thresh[:, None] if isinstance(thresh, Tensor) else thresh)
    return refined * keep[:, :, None, None], keep

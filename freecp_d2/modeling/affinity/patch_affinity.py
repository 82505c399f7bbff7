"""
How much patches have to do with each other, by what they look like or by the masks they share.

Shape shorthand in this module: N windows, C channels, Q masks, h x w patches, P = h * w.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

MIN_AFFINITY = 1e-6
"""Of any two patches by their features, so that no row is empty, not even that of a zero."""


def cosine_affinity(features: Tensor, power: float = 1.0) -> Tensor:
    """
    max(cos(f_i, f_j), 0) ^ power, but at least `MIN_AFFINITY`.

    Args:
        features: shape (N, C, h, w).
        power: above 1 near patches count for more; 1 is the cosine itself.

    Returns:
        Tensor: symmetric, 1 on the diagonal, in [MIN_AFFINITY, 1] up to rounding, float32, shape
        (N, P, P).
    """
    tokens = F.normalize(features.float().flatten(2), dim=1)
    return (tokens.mT @ tokens).clamp(min=0).pow(power).clamp(min=MIN_AFFINITY)


def mask_affinity(masks: Tensor, scores: Tensor) -> Tensor:
    """
    sum_q s_q m_q(i) m_q(j), and for i = j the share of the patch that is in no mask.

    That share, prod_q (1 - s_q m_q(i)), keeps a patch that no mask claims where it is: its row is
    that of the identity, never empty, and traces of masks are not blown up by the normalisation.

    Args:
        masks: m_q, the share of each patch that is in mask q, in [0, 1], shape (N, Q, h, w).
        scores: s_q, how much there is of a mask, in [0, 1], shape (N, Q). Q may be 0.

    Returns:
        Tensor: symmetric, non-negative, float32, shape (N, P, P).
    """
    flat, weights = masks.float().flatten(2), scores.float().unsqueeze(-1)
    unclaimed = (1 - weights * flat).clamp(min=0).prod(dim=1)
    weighted = weights.sqrt() * flat
    return weighted.mT @ weighted + torch.diag_embed(unclaimed)

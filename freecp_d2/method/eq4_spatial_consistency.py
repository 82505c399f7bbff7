"""
Eq. (4): spatial consistency of activation maps.

The paper writes one SC for two uses and its text lost the formula; the released program computes
the two below. Both are soft forms of intersection over union.

Shapes: N windows, K classes, h x w patches.
"""

import torch
from torch import Tensor


def spatial_consistency(a: Tensor, b: Tensor) -> Tensor:
    """
    Eq. (4) as redundancy uses it: SC(a, b) = sum(a * b) / (sum a + sum b).

    Args:
        a, b: activation maps in [0, 1], shape (..., h, w); leading dimensions broadcast.

    Returns:
        Tensor: shape (...), in [0, 0.5]; 0 where both maps are empty.

    Raises:
        ValueError: the two maps differ in (h, w).
    """
    if a.shape[-2:] != b.shape[-2:]:
        raise ValueError(
            f"Spatial consistency compares maps on one grid, got {tuple(a.shape[-2:])} and "
            f"{tuple(b.shape[-2:])}; resize one of them."
        )
    overlap = (a * b).sum(dim=(-2, -1))
    return overlap / (a.sum(dim=(-2, -1)) + b.sum(dim=(-2, -1)) + 1e-8)


def pairwise_soft_iou(maps: Tensor) -> Tensor:
    """
    Eq. (4) as ambiguity uses it, for all pairs: SC_ij = sum min(i, j) / sum max(i, j).

    With S = sum i + sum j and D = sum |i - j|, sum min = (S - D) / 2 and sum max = (S + D) / 2:
    no (K, K, h, w) tensor is needed.

    Args:
        maps: in [0, 1], shape (N, K, h, w).

    Returns:
        Tensor: shape (N, K, K), in [0, 1], symmetric; 0 where both maps are empty.
    """
    flat = maps.flatten(2)
    mass = flat.sum(dim=2)
    total = mass[:, :, None] + mass[:, None, :]
    distance = torch.cdist(flat, flat, p=1)
    return (total - distance).clamp(min=0) / (total + distance).clamp(min=1e-8)

"""
Eq. (3): refinement of activation maps by the affinity.

Shapes: N windows, K classes, h x w patches, P = h * w.
"""

import torch
from torch import Tensor


def refine(maps: Tensor, transition: Tensor, mask: Tensor) -> Tensor:
    """
    Eq. (3): refined_k = T vec(box_k * M_k), then min-max per class.

    Reading: box_k is 1 inside the boxes of the regions where M_k is high. It masks the source of
    the propagation, not its result. One (P, P) x (P, K) product per window.

    Args:
        maps: globally min-max normalised activation maps, shape (N, K, h, w).
        transition: T, shape (N, P, P).
        mask: box_k, bool, shape (N, K, h, w).

    Returns:
        Tensor: shape (N, K, h, w), in [0, 1]; a class without a box stays 0.

    Raises:
        ValueError: the transition matrix does not fit the patch grid.
    """
    num_patches = maps.shape[-2] * maps.shape[-1]
    if transition.shape[-2:] != (num_patches, num_patches):
        raise ValueError(
            f"The maps have {tuple(maps.shape[-2:])} = {num_patches} patches, the affinity is "
            f"{tuple(transition.shape[-2:])}; resample it to the backbone's patch grid."
        )
    source = (maps * mask).flatten(2)
    refined = torch.bmm(source, transition.transpose(1, 2))
    low = refined.amin(dim=2, keepdim=True)
    span = refined.amax(dim=2, keepdim=True) - low
    return ((refined - low) / (span + 1e-8)).view_as(maps)

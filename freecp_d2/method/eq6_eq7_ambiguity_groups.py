"""
Eqs. (6) and (7): ambiguity groups, the classes whose refined maps coincide.

Shapes: N windows, K classes, S most survivors of a window, G groups.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .eq4_spatial_consistency import pairwise_soft_iou


class AmbiguityGroups(NamedTuple):
    """G groups of two or more mutually ambiguous classes."""

    window: Tensor
    """The window of each group, int64, shape (G,)."""
    members: Tensor
    """Its classes, bool, shape (G, K)."""


def no_groups(num_classes: int, device: torch.device | str | None = None) -> AmbiguityGroups:
    """Zero groups among so many classes."""
    return AmbiguityGroups(
        torch.zeros(0, dtype=torch.long, device=device),
        torch.zeros(0, num_classes, dtype=torch.bool, device=device),
    )


class Survivors(NamedTuple):
    """The classes of each window that redundancy purification kept, and their overlaps."""

    classes: Tensor
    """Class indices, padded with other, distinct classes, int64, shape (N, S)."""
    is_survivor: Tensor
    """Which of them are not padding, bool, shape (N, S)."""
    overlap: Tensor
    """p of Eq. (7) between them, shape (N, S, S), in [0, 1]."""
    maps: Tensor
    """Their refined maps, shape (N, S, h, w), in [0, 1]."""


def ambiguity_groups(refined: Tensor, keep: Tensor, thresh: float | Tensor) -> AmbiguityGroups:
    """
    Eqs. (6) and (7): p_ij = SC(refined_i, refined_j); classes i, j are linked where p_ij >= tau_a.

    Groups are the connected components of that graph with two or more classes, as the paper's
    depth-first search finds them. Only the kept classes of a window are compared.

    Args:
        refined: shape (N, K, h, w), in [0, 1].
        keep: classes that redundancy purification kept, bool, shape (N, K).
        thresh: tau_a, in [0, 1]; a number, or one for each window, shape (N,).

    Returns:
        AmbiguityGroups: ordered by window, then by first member.
    """
    return link_survivors(compare_survivors(refined, keep), thresh, keep.shape[1])


def compare_survivors(refined: Tensor, keep: Tensor, room: int | None = None) -> Survivors:
    """
    The overlaps p_ij of the kept classes; arguments as `ambiguity_groups`.

    `keep` may be on the CPU while the maps are on a device. `room`: the most survivors of a window;
    None: as many as there are.
    """
    num_kept = keep.sum(dim=1)
    most = max(int(num_kept.max()), 1) if room is None else min(room, keep.shape[1])
    classes = keep.int().argsort(dim=1, descending=True, stable=True)[:, :most]
    is_survivor = torch.arange(most, device=keep.device) < num_kept[:, None]
    index = classes.to(refined.device)[:, :, None, None].expand(-1, -1, *refined.shape[2:])
    maps = refined.gather(1, index)
    return Survivors(classes, is_survivor, pairwise_soft_iou(maps), maps)


def link_survivors(
    survivors: Survivors, thresh: float | Tensor, num_classes: int
) -> AmbiguityGroups:
    """Groups of survivors whose overlap is at least the threshold, see `ambiguity_groups`."""
    classes, is_survivor, overlap, _ = survivors
    if isinstance(thresh, Tensor):
        thresh = thresh[:, None, None]
    linked = overlap >= thresh
    linked &= is_survivor[:, :, None] & is_survivor[:, None, :]
    first_member = connected_components(linked)
    size = torch.zeros_like(classes).scatter_add_(1, first_member, is_survivor.long())
    window, root = (size >= 2).nonzero(as_tuple=True)
    in_group = (first_member[window] == root[:, None]) & is_survivor[window]
    members = torch.zeros(len(window), num_classes, dtype=torch.bool, device=overlap.device)
    members.scatter_(1, classes[window], in_group)
    return AmbiguityGroups(window, members)


def connected_components(linked: Tensor) -> Tensor:
    """
    The smallest index in the connected component of each node.

    Args:
        linked: symmetric adjacency, bool, shape (N, S, S); the diagonal is taken as true.

    Returns:
        Tensor: int64, shape (N, S).
    """
    num_nodes = linked.shape[-1]
    linked = linked | torch.eye(num_nodes, dtype=torch.bool, device=linked.device)
    label = torch.arange(num_nodes, device=linked.device).expand(linked.shape[:-1]).contiguous()
    while True:
        neighbour = torch.where(linked, label[:, None, :], num_nodes).amin(dim=2)
        neighbour = neighbour.gather(1, neighbour)  # jump to the neighbour's own smallest index
        if torch.equal(neighbour, label):
            return label
        label = neighbour

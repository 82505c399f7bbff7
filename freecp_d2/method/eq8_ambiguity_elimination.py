"""
Eq. (8): ambiguity elimination, the choice of one class of a group for each of its regions.

Shapes: N windows, K classes, G groups, B boxes, D embedding, h x w patches.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .eq6_eq7_ambiguity_groups import AmbiguityGroups
from .regions import RegionBoxes, boxes_to_mask


def fuse_groups(refined: Tensor, groups: AmbiguityGroups) -> Tensor:
    """
    The mean refined map of each group, in which its ambiguous regions are found.

    Args:
        refined: shape (N, K, h, w).

    Returns:
        Tensor: shape (G, h, w), in [0, 1].
    """
    group, class_index = groups.members.nonzero(as_tuple=True)
    fused = refined.new_zeros((len(groups.window), *refined.shape[2:]))
    fused = fused.index_add(0, group, refined[groups.window[group], class_index])
    return fused / groups.members.sum(dim=1)[:, None, None].clamp(min=1)


def elect_winners(crop_features: Tensor, class_features: Tensor, candidates: Tensor) -> Tensor:
    """
    Eq. (8): the class of a region, argmax over the group of cos(crop, description_k).

    Args:
        crop_features: class token of each crop, shape (B, D).
        class_features: mean description feature of each class, shape (K, D).
        candidates: the classes of each crop's group, bool, shape (B, K), one or more a row.

    Returns:
        Tensor: winning class, int64, shape (B,).

    Raises:
        ValueError: crops and classes have features of different size.
    """
    if crop_features.shape[1] != class_features.shape[1]:
        raise ValueError(
            f"Crops have features of size {crop_features.shape[1]}, classes of size "
            f"{class_features.shape[1]}; both must come from the encoders of one CLIP."
        )
    similarity = F.normalize(crop_features, dim=1) @ F.normalize(class_features, dim=1).T
    return similarity.masked_fill(~candidates, -torch.inf).argmax(dim=1)


def eliminate_in_region(
    refined: Tensor, groups: AmbiguityGroups, region_boxes: RegionBoxes, winners: Tensor
) -> Tensor:
    """
    The paper's elimination: inside a region the maps of all classes of its group but one become 0.

    No class is removed. Where boxes of one group overlap, a class keeps the patches of every box
    that it wins. A box without area changes nothing.

    Args:
        refined: shape (N, K, h, w).
        groups, region_boxes: the regions of each group (`map_index` is the group); they may be on
            the CPU while maps and winners are on a device.
        winners: winning class of each region, a member of its group, int64, shape (B,).

    Returns:
        Tensor: shape (N, K, h, w).

    Raises:
        ValueError: a winner on the CPU is not a member of its group.
    """
    group, window, class_index, won = _pairs(groups, region_boxes, winners)
    grid, boxes = (refined.shape[2], refined.shape[3]), region_boxes.to(winners.device)
    contested = boxes_to_mask(boxes, len(groups.window), grid)
    won_mask = boxes_to_mask(RegionBoxes(won, boxes.boxes), len(group), grid)
    allowed = won_mask | ~contested[group]
    result = refined.clone()
    result[window, class_index] = refined[window, class_index] * allowed
    return result


def eliminate_in_window(
    refined: Tensor,
    groups: AmbiguityGroups,
    region_boxes: RegionBoxes,
    winners: Tensor,
    undecided: Tensor,
) -> Tensor:
    """
    The released program's elimination: the map of a class that wins no region of its group is 0.

    A class that wins a region keeps its whole map.

    Args:
        refined, groups, region_boxes, winners: see `eliminate_in_region`.
        undecided: groups with a region without area, bool, shape (G,); they keep all classes.

    Returns:
        Tensor: shape (N, K, h, w).
    """
    group, window, class_index, won = _pairs(groups, region_boxes, winners)
    wins = undecided.to(group.device)[group]
    wins[won] = True
    result = refined.clone()
    result[window, class_index] = refined[window, class_index] * wins[:, None, None]
    return result


def _pairs(
    groups: AmbiguityGroups, region_boxes: RegionBoxes, winners: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """
    Group, window and class of each member, and which of these members won each box, on the device
    of the winners.
    """
    group, class_index = groups.members.nonzero(as_tuple=True)
    window = groups.window[group]
    pair_of = groups.members.new_full(groups.members.shape, -1, dtype=torch.long)
    pair_of[group, class_index] = torch.arange(len(group), device=group.device)
    device = winners.device
    won = pair_of.to(device)[region_boxes.map_index.to(device), winners]
    if won.device.type == "cpu" and (won < 0).any():  # elsewhere it would wait for the device
        raise ValueError("The winner of a region is not in its group; winners must be members.")
    return group.to(device), window.to(device), class_index.to(device), won

"""
The decisions of purification, on patches, applied to another model's scores of pixels.

Shapes: N windows, K classes, h x w patches, H x W pixels.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...method import eliminate_in_region
from ...utils.device import to_host
from ..windows import Window, has_score
from .build import PurificationOutput


def gates(found: PurificationOutput) -> Tensor:
    """
    Where each class of N windows may have a score: bool, shape (N, K, h, w).

    A class that redundancy purification dropped has none anywhere. A class that lost a box of
    Eq. (8) has none in that box (`found.elimination` "region") or, if it won no box, none anywhere
    ("window"). The refined values are not used.
    """
    gate = found.keep[:, :, None, None].expand(found.maps.shape).clone()
    if len(found.winners) == 0:
        return gate
    if found.elimination == "region":
        left = eliminate_in_region(gate.float(), found.groups, found.region_boxes, found.winners)
        return left > 0
    visible = has_score(found.maps) if found.visible is None else found.visible
    group, class_index = (x.to(gate.device) for x in found.groups.members.nonzero(as_tuple=True))
    window = found.groups.window.to(gate.device)[group]
    gate[window, class_index] &= visible[window, class_index][:, None, None]
    return gate


def stitch_gates(
    found: Sequence[tuple[Window, Tensor]], grid: tuple[int, int], patch_size: int
) -> Tensor:
    """
    One gate for an image, bool, (K, h, w): where windows overlap, a class passes if half of them
    let it.

    Args:
        found: each window of the image, in pixels, whole patches; its gate, bool, (K, h', w').
        grid: (h, w) of the image.
    """
    _, first = found[0]
    votes = torch.zeros(len(first), *grid, dtype=torch.float32, device=first.device)
    for (_, y0, x0, y1, x1), gate in found:
        rows = slice(y0 // patch_size, y1 // patch_size)
        columns = slice(x0 // patch_size, x1 // patch_size)
        votes[:, rows, columns] += gate.float() - 0.5
    return votes >= 0


def gate_scores(scores: Tensor, gate: Tensor, *, max_removed: float = 0.99) -> Tensor:
    """
    Set scores to 0 where a gate is closed; the other scores do not change.

    Where more than `max_removed` of a pixel's scores would go, all of them stay, so that no pixel
    is left without a class and a class with more than this share of a pixel keeps it.

    Args:
        scores: not negative, shape (K, H, W); returned as it is where no class is gone.
        gate: bool, shape (K, h, w), on any device; applies to all pixels of a patch.
        max_removed: in [0, 1); 0 removes nothing.
    """
    flat = gate.flatten(1)
    is_open, is_shut = to_host(flat.all(dim=1), ~flat.any(dim=1))
    if is_open.all():
        return scores
    shut = is_shut.nonzero().flatten().to(scores.device)
    gated = scores.index_fill(0, shut, 0)
    partial = (~is_open & ~is_shut).nonzero().flatten()
    if len(partial):
        size = (scores.shape[1], scores.shape[2])
        part = gate[partial.to(gate.device)].to(scores.device, torch.float32)
        partial = partial.to(scores.device)
        gated[partial] *= F.interpolate(part[None], size, mode="nearest-exact")[0]
    total = scores.sum(dim=0)
    stays = total - gated.sum(dim=0) > max_removed * total
    return torch.where(stays, scores, gated)

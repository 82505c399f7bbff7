"""
Purification heads: which words stay, and where (Sec. 3.3).

Shape shorthand in this module: N windows, K classes, G groups, h x w patches, P = h * w.
"""

import torch
from torch import Tensor, nn

from ..d2 import CfgNode, Registry, configurable
from ..method import (
    AmbiguityGroups,
    RegionBoxes,
    ambiguity_groups,
    boxes_to_mask,
    drop_redundant,
    eliminate_in_region,
    eliminate_in_window,
    fuse_groups,
    redundancy_scores,
    refine,
    region_boxes,
)
from .purified import ClassifyBoxes, Purified

PURIFICATION_HEAD_REGISTRY = Registry("PURIFICATION_HEAD")
PURIFICATION_HEAD_REGISTRY.__doc__ = """
Registry for purification heads.

The registered object is called with `obj(cfg)` when the model is built, refuses what cannot work,
and returns an nn.Module. That is called once for every batch of N windows of one size, under
`no_grad`, as `head(maps, stretched, transition, classify, allowed)`, and gives a `Purified`:

    maps        Eq. (1) softmaxed over all words, (N, K, h, w), float32 in [0, 1]; K foreground
                classes, synonyms merged, background words left out.
    stretched   the same after the min-max over all words and patches of its window, in [0, 1].
    transition  T of Eq. (3), (N, P, P), float32, P = h * w, patches row by row.
    classify    a `ClassifyBoxes`: the winner of Eq. (8) for boxes of patches, crops batched.
    allowed     candidates of an oracle, bool (N, K), or None.

Every class stays in place: a class that is gone has a map of zeros.
"""


def restrict_to(maps: Tensor, allowed: Tensor) -> Tensor:
    """
    The oracle of Tab. 1: maps of classes that are not allowed become 0.

    Args:
        maps: shape (N, K, h, w).
        allowed: bool, shape (N, K).

    Returns:
        Tensor: shape (N, K, h, w).

    Raises:
        ValueError: `allowed` is of another type or shape.
    """
    if allowed.dtype != torch.bool or allowed.shape != maps.shape[:2]:
        raise ValueError(
            f"allowed is {allowed.dtype} of shape {tuple(allowed.shape)}, expected bool of shape "
            f"{tuple(maps.shape[:2])}, one fact for each window and class."
        )
    return maps * allowed[:, :, None, None]


def build_purification_head(cfg: CfgNode) -> nn.Module:
    """Build the head that `cfg.MODEL.PURIFICATION_HEAD.NAME` names."""
    return PURIFICATION_HEAD_REGISTRY.get(cfg.MODEL.PURIFICATION_HEAD.NAME)(cfg)


@PURIFICATION_HEAD_REGISTRY.register()
class ClassPurification(nn.Module):
    """
    FreeCP: refine, then redundancy purification (RP) and ambiguity purification (AP).

    Has no weights; either purification can be off and their order swapped (Tab. 3).
    """

    @configurable
    def __init__(
        self,
        *,
        order: str = "RP-AP",
        redundancy_thresh: float,
        ambiguity_thresh: float,
        elimination: str = "region",
        region_thresh: float = 0.4,
        exclude_last: bool = True,
    ):
        """
        Args:
            order: "RP-AP", "AP-RP", "RP", "AP" or "" (refine only).
            redundancy_thresh: tau_r of Eq. (5), in [0, 1]; from 0.5 on no class is left.
            ambiguity_thresh: tau_a of Eq. (7), in [0, 1].
            elimination: "region" (the paper: losers are 0 inside the region) or "window" (the
                release: a class that wins nowhere leaves the window).
            region_thresh, exclude_last: see `method.region_boxes`.

        Raises:
            ValueError: unknown `order` or `elimination`; a threshold out of its range.
        """
        super().__init__()
        _check_threshold("REGION.THRESH", region_thresh)
        if order not in ("RP-AP", "AP-RP", "RP", "AP", ""):
            raise ValueError(
                f'MODEL.PURIFICATION_HEAD.ORDER="{order}" is unknown; use RP-AP or AP-RP and '
                "switch either off with REDUNDANCY.ENABLED, AMBIGUITY.ENABLED."
            )
        if elimination not in ("region", "window"):
            raise ValueError(
                f'MODEL.PURIFICATION_HEAD.AMBIGUITY.ELIMINATION="{elimination}" is unknown; '
                "use region or window."
            )
        self.set_thresholds(redundancy=redundancy_thresh, ambiguity=ambiguity_thresh)
        self.order = order
        self.elimination = elimination
        self.region_thresh = region_thresh
        self.exclude_last = exclude_last

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        node = cfg.MODEL.PURIFICATION_HEAD
        enabled = {"RP": node.REDUNDANCY.ENABLED, "AP": node.AMBIGUITY.ENABLED}
        steps = [step for step in node.ORDER.split("-") if enabled.get(step, True)]
        return {
            "order": "-".join(steps),
            "redundancy_thresh": node.REDUNDANCY.THRESH,
            "ambiguity_thresh": node.AMBIGUITY.THRESH,
            "elimination": node.AMBIGUITY.ELIMINATION,
            "region_thresh": node.REGION.THRESH,
            "exclude_last": node.REGION.EXCLUDE_LAST,
        }

    def set_thresholds(
        self, *, redundancy: float | None = None, ambiguity: float | None = None
    ) -> None:
        """
        Args:
            redundancy, ambiguity: tau_r and tau_a, see the constructor; None leaves one as it is.

        Raises:
            ValueError: one is out of its range; both stay as they are.
        """
        if redundancy is not None:
            _check_threshold("REDUNDANCY.THRESH", redundancy)
        if ambiguity is not None:
            _check_threshold("AMBIGUITY.THRESH", ambiguity)
            self.ambiguity_thresh = ambiguity
        if redundancy is not None:
            self.redundancy_thresh = redundancy

    def forward(
        self,
        maps: Tensor,
        stretched: Tensor,
        transition: Tensor,
        classify: ClassifyBoxes | None = None,
        allowed: Tensor | None = None,
    ) -> Purified:
        """
        Args:
            maps: M of Eq. (1), shape (N, K, h, w), in [0, 1].
            stretched: the same, globally min-max normalised: what is refined.
            transition: T of Eq. (3), shape (N, P, P).
            classify: the crop classifier of Eq. (8); without one AP leaves its groups undecided.
            allowed: the oracle of Tab. 1, bool, shape (N, K): the only classes that are refined
                and purified. None allows all.

        Returns:
            Purified: the remaining maps and the reasons.

        Raises:
            ValueError: `allowed` is of another type or shape.
        """
        refined = refine(stretched, transition, self._mask(stretched))
        keep = torch.ones(refined.shape[:2], dtype=torch.bool, device=refined.device)
        if allowed is not None:
            keep = allowed.to(refined.device)
            refined = restrict_to(refined, keep)
        groups = AmbiguityGroups(keep.new_zeros(0, dtype=torch.long), keep[:0])
        result = Purified(refined, keep, redundancy_scores(maps, refined), groups)
        for step in self.order.split("-"):
            if step == "RP":
                self._purify_redundancy(result, maps)
            elif step == "AP" and refined.shape[1] > 1:
                self._purify_ambiguity(result, classify)
        return result

    def _mask(self, stretched: Tensor) -> Tensor:
        """box_k of Eq. (3), bool, shape (N, K, h, w)."""
        flat = stretched.flatten(0, 1)
        region = region_boxes(flat, thresh=self.region_thresh, exclude_last=self.exclude_last)
        mask = boxes_to_mask(region, len(flat), (flat.shape[1], flat.shape[2]))
        return mask.view(stretched.shape).to(stretched.device)

    def _purify_redundancy(self, result: Purified, maps: Tensor) -> None:
        result.redundancy_thresh = maps.new_full((len(maps),), self.redundancy_thresh)
        result.redundancy_scores = redundancy_scores(maps, result.maps)
        result.maps, kept = drop_redundant(
            result.maps, result.redundancy_scores, self.redundancy_thresh
        )
        result.keep = result.keep & kept

    def _purify_ambiguity(self, result: Purified, classify: ClassifyBoxes | None) -> None:
        result.ambiguity_thresh = result.maps.new_full((len(result.maps),), self.ambiguity_thresh)
        groups = ambiguity_groups(result.maps, result.keep, self.ambiguity_thresh)
        result.groups = groups
        if classify is None or len(groups.window) == 0:
            return
        regions, undecided = self._contests(fuse_groups(result.maps, groups))
        group = regions.map_index.to(groups.window.device)
        winners = classify(groups.window[group], regions.boxes, groups.members[group])
        if self.elimination == "region":
            result.maps = eliminate_in_region(result.maps, groups, regions, winners)
        else:
            result.maps = eliminate_in_window(result.maps, groups, regions, winners, undecided)
        result.contests, result.winners = regions, winners

    def _contests(self, fused: Tensor) -> tuple[RegionBoxes, Tensor]:
        """
        The boxes of each group that have an area; and the groups, bool (G,), that also have one
        without, or none at all.
        """
        regions = region_boxes(
            fused, thresh=self.region_thresh, holes=True, exclude_last=self.exclude_last
        )
        x0, y0, x1, y1 = regions.boxes.unbind(dim=1)
        has_area = (x1 > x0) & (y1 > y0)
        undecided = torch.ones(len(fused), dtype=torch.bool)
        undecided[regions.map_index] = False
        undecided[regions.map_index[~has_area]] = True
        return RegionBoxes(regions.map_index[has_area], regions.boxes[has_area]), undecided


def _check_threshold(key: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"MODEL.PURIFICATION_HEAD.{key} is {value}; use 0 to 1.")

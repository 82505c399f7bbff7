"""
ClassPurification: redundancy and ambiguity purification (Sec. 3.3).

Shapes: N windows, K classes, G groups, h x w patches, P = h * w.
"""

from numbers import Real

import torch
from torch import Tensor, nn

from ...d2 import CfgNode, configurable
from ...method import (
    AmbiguityGroups,
    RegionBoxes,
    Survivors,
    automatic_ambiguity_thresh,
    automatic_redundancy_thresh,
    boxes_to_mask,
    compare_survivors,
    drop_redundant,
    eliminate_in_region,
    eliminate_in_window,
    fuse_groups,
    link_survivors,
    no_groups,
    redundancy_scores,
    refine,
    region_boxes,
)
from ...utils.device import to_host, without_autocast
from .build import PURIFICATION_HEAD_REGISTRY, ClassifyBoxes, PurificationOutput

_ROOM = 16
"""Survivors of a window that a device compares before the host knows their number."""
AUTO = "auto"
"""A threshold that is computed for each window; see `method.automatic_thresholds`."""


def read_threshold(key: str, value: float | str, *, automatic: bool = True) -> float | str:
    """Raise ValueError if `value` is neither in [0, 1] nor, if `automatic`, "auto"."""
    if automatic and isinstance(value, str) and value == AUTO:
        return AUTO
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= float(value) <= 1:
        or_auto = f', or "{AUTO}"' if automatic else ""
        raise ValueError(f"MODEL.PURIFICATION_HEAD.{key} is {value!r}; use 0 to 1{or_auto}.")
    return float(value)


@PURIFICATION_HEAD_REGISTRY.register()
class ClassPurification(nn.Module):
    """FreeCP: refine, then redundancy purification (RP) and ambiguity purification (AP)."""

    @configurable
    def __init__(
        self,
        *,
        order: str = "RP-AP",
        redundancy_thresh: float | str = 0.05,
        ambiguity_thresh: float | str = 0.7,
        elimination: str = "region",
        region_thresh: float = 0.4,
        exclude_last: bool = True,
    ):
        """
        Args:
            order: "RP-AP", "AP-RP", "RP", "AP" or "" (refine only).
            redundancy_thresh: tau_r of Eq. (5), in [0, 1]; from 0.5 on no class is left.
            ambiguity_thresh: tau_a of Eq. (7), in [0, 1]. Each may be "auto", see
                `method.automatic_thresholds`; the defaults are the release's for ADE20K.
            elimination: "region" (the paper: losers are 0 inside the region) or "window" (the
                release: a class that wins no box leaves the window).
            region_thresh, exclude_last: see `method.region_boxes`.

        Raises:
            ValueError: unknown `order` or `elimination`; a threshold out of its range.
        """
        super().__init__()
        read_threshold("REGION.THRESH", region_thresh, automatic=False)
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
        self.redundancy_thresh = read_threshold("REDUNDANCY.THRESH", redundancy_thresh)
        self.ambiguity_thresh = read_threshold("AMBIGUITY.THRESH", ambiguity_thresh)
        self.order, self.elimination = order, elimination
        self.region_thresh, self.exclude_last = region_thresh, exclude_last

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        node = cfg.MODEL.PURIFICATION_HEAD
        redundancy, ambiguity = node.REDUNDANCY, node.AMBIGUITY
        enabled = {"RP": redundancy.ENABLED, "AP": ambiguity.ENABLED}
        for key, mode in (("REDUNDANCY", redundancy.MODE), ("AMBIGUITY", ambiguity.MODE)):
            if mode not in ("fixed", AUTO):
                raise ValueError(
                    f'MODEL.PURIFICATION_HEAD.{key}.MODE="{mode}" is unknown; use fixed or auto.'
                )
        return {
            "order": "-".join(step for step in node.ORDER.split("-") if enabled.get(step, True)),
            "redundancy_thresh": AUTO if redundancy.MODE == AUTO else redundancy.THRESH,
            "ambiguity_thresh": AUTO if ambiguity.MODE == AUTO else ambiguity.THRESH,
            "elimination": node.AMBIGUITY.ELIMINATION,
            "region_thresh": node.REGION.THRESH,
            "exclude_last": node.REGION.EXCLUDE_LAST,
        }

    def set_thresholds(
        self, *, redundancy: float | str | None = None, ambiguity: float | str | None = None
    ) -> None:
        """Set tau_r and tau_a; None leaves one as it is. A `ValueError` leaves both."""
        redundancy = self.redundancy_thresh if redundancy is None else redundancy
        ambiguity = self.ambiguity_thresh if ambiguity is None else ambiguity
        self.redundancy_thresh, self.ambiguity_thresh = (
            read_threshold("REDUNDANCY.THRESH", redundancy),
            read_threshold("AMBIGUITY.THRESH", ambiguity),
        )

    @without_autocast
    def forward(
        self,
        maps: Tensor,
        normalized_cam: Tensor,
        transition: Tensor,
        classify: ClassifyBoxes | None = None,
        allowed: Tensor | None = None,
        *,
        present: Tensor | None = None,
        refined: PurificationOutput | None = None,
    ) -> PurificationOutput:
        """
        See `PURIFICATION_HEAD_REGISTRY`. Without `classify` AP leaves its groups undecided; classes
        that are not `allowed` become 0. With `present`, bool, (N, K), RP keeps these classes in
        place of Eq. (5). `refined`: the result of Eq. (3), if it is known; all but its maps may be
        on the CPU.
        """
        result = refined or self._refine(maps, normalized_cam, transition, allowed)
        for step in self.order.split("-"):
            if step == "RP":
                self._purify_redundancy(result, maps, present)
            elif step == "AP" and maps.shape[1] > 1:
                self._purify_ambiguity(result, classify)
        return result

    def _refine(
        self, maps: Tensor, normalized_cam: Tensor, transition: Tensor, allowed: Tensor | None
    ) -> PurificationOutput:
        """Eq. (3), and s of Eq. (5); all allowed classes are kept."""
        refined = refine(normalized_cam, transition, self._mask(normalized_cam))
        keep = torch.ones(refined.shape[:2], dtype=torch.bool, device=refined.device)
        if allowed is not None:
            if allowed.dtype != torch.bool or allowed.shape != keep.shape:
                raise ValueError(
                    f"allowed is {allowed.dtype} of shape {tuple(allowed.shape)}, expected bool of "
                    f"shape {tuple(keep.shape)}, (windows, classes)."
                )
            keep = allowed.to(refined.device)
            refined = refined * keep[:, :, None, None]
        groups = no_groups(keep.shape[1], keep.device)
        scores = redundancy_scores(maps, refined)
        return PurificationOutput(refined, keep, scores, groups, elimination=self.elimination)

    def _mask(self, normalized_cam: Tensor) -> Tensor:
        """box_k of Eq. (3), bool, shape (N, K, h, w)."""
        flat = normalized_cam.flatten(0, 1)
        region = region_boxes(flat, thresh=self.region_thresh, exclude_last=self.exclude_last)
        grid = (flat.shape[1], flat.shape[2])
        return boxes_to_mask(region.to(flat.device), len(flat), grid).view(normalized_cam.shape)

    def _purify_redundancy(
        self, result: PurificationOutput, maps: Tensor, present: Tensor | None
    ) -> None:
        if self.order == "AP-RP":  # the maps have changed
            result.redundancy_scores = redundancy_scores(maps, result.maps)
        scores = result.redundancy_scores
        if present is not None:
            result.maps = result.maps * present.to(result.maps.device)[:, :, None, None]
            result.keep = result.keep & present.to(result.keep.device)
            return
        if isinstance(self.redundancy_thresh, str):
            thresh = automatic_redundancy_thresh(scores, among=result.keep)
        else:
            thresh = scores.new_full((len(scores),), self.redundancy_thresh)
        result.maps, kept = drop_redundant(result.maps, scores, thresh)
        result.keep = result.keep & kept
        result.redundancy_thresh = thresh

    def _purify_ambiguity(self, result: PurificationOutput, classify: ClassifyBoxes | None) -> None:
        survivors, scores = self._survivors(result)
        if isinstance(self.ambiguity_thresh, str):
            thresh = automatic_ambiguity_thresh(survivors.overlap, survivors.is_survivor, scores)
        else:
            thresh = survivors.maps.new_full((len(survivors.maps),), self.ambiguity_thresh)
        groups = link_survivors(survivors, thresh, num_classes=result.maps.shape[1])
        result.ambiguity_thresh, result.groups = thresh, groups
        if classify is None or len(groups.window) == 0:
            return
        among = groups.members.gather(1, survivors.classes[groups.window])
        fused = fuse_groups(survivors.maps, AmbiguityGroups(groups.window, among))
        regions, undecided = self._region_boxes(fused)
        group = regions.map_index
        winners = classify(groups.window[group], regions.boxes, groups.members[group])
        if self.elimination == "region":
            result.maps = eliminate_in_region(result.maps, groups, regions, winners)
        else:
            result.maps = eliminate_in_window(result.maps, groups, regions, winners, undecided)
        result.region_boxes, result.winners = regions, winners

    def _survivors(self, result: PurificationOutput) -> tuple[Survivors, Tensor]:
        """
        The survivors and their scores of Eq. (5) on the CPU, where groups and boxes are found,
        because their numbers need no wait for the device there.
        """
        # Room for more than most windows have; to ask for their number would be one wait more.
        room = None if result.keep.device.type == "cpu" else _ROOM
        while True:
            survivors = compare_survivors(result.maps, result.keep, room)
            scores = result.redundancy_scores.gather(1, survivors.classes)
            most = result.keep.sum(dim=1).amax()
            *found, scores, most = to_host(*survivors, scores, most)
            if room is None or most <= room:
                return Survivors(*found), scores
            room = int(most)

    def _region_boxes(self, fused: Tensor) -> tuple[RegionBoxes, Tensor]:
        """The boxes with an area; and the groups, bool (G,), with a box without one or no box."""
        regions = region_boxes(
            fused, thresh=self.region_thresh, holes=True, exclude_last=self.exclude_last
        )
        x0, y0, x1, y1 = regions.boxes.unbind(dim=1)
        has_area = (x1 > x0) & (y1 > y0)
        undecided = torch.ones(len(fused), dtype=torch.bool)
        undecided[regions.map_index] = False
        undecided[regions.map_index[~has_area]] = True
        return RegionBoxes(regions.map_index[has_area], regions.boxes[has_area]), undecided

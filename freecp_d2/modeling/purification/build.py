"""
Purification heads: the registry, what a head gets, and what it returns.

Shapes: N windows, K classes, B boxes, h x w patches, P = h * w.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from ...d2 import CfgNode, Registry
from ...method import AmbiguityGroups, RegionBoxes, no_boxes
from ...utils.device import to_host
from ..stitching import has_score

PURIFICATION_HEAD_REGISTRY = Registry("PURIFICATION_HEAD")
PURIFICATION_HEAD_REGISTRY.__doc__ = """
Registry for purification heads.

The registered object is called with `obj(cfg)` when the model is built, raises ValueError for what
cannot work, and returns an nn.Module. The module is called once for each batch of N windows of one
size, under `no_grad`, as `head(maps, normalized_cam, transition, classify, allowed)`, and returns a
`PurificationOutput`:

    maps        Eq. (1) softmaxed over all words, (N, K, h, w), float32 in [0, 1]; K foreground
                classes, synonyms merged, background words left out.
    normalized_cam  the same after the min-max over all words and patches of its window, in [0, 1].
    transition  T of Eq. (3), (N, P, P), float32, P = h * w, patches row by row.
    classify    the winner of Eq. (8) for boxes of patches, crops batched; see `ClassifyBoxes`.
    allowed     candidates of an oracle, bool (N, K), or None.

Every class keeps its index: a removed class has a map of zeros. Each window is processed
independently, automatic thresholds included.
"""

ClassifyBoxes = Callable[[Tensor, Tensor, Tensor], Tensor]
"""See `crop_classifier.CropClassifier.__call__`."""


@dataclass
class PurificationOutput:
    """
    Attributes:
        maps: purified maps, 0 where a class is gone, shape (N, K, h, w).
        keep: classes that the oracle, if there is one, and redundancy purification left, bool,
            shape (N, K).
        redundancy_scores: s of Eq. (5), shape (N, K).
        groups: ambiguity groups of all windows.
        region_boxes: boxes of each group with an area (`map_index` is the group).
        winners: winning class of each box, int64, shape (B,).
        redundancy_thresh, ambiguity_thresh: tau_r of Eq. (5) and tau_a of Eq. (7) of each window,
            shape (N,); None where that purification did not take place.
        elimination: what losing a box costs, "region" or "window", see `ClassPurification`.
        highest: the highest value of each class in M, (N, K); only of `preview` of an image head.
        visible: classes with a value in `maps`, bool, (N, K); set by `on_host`.
    """

    maps: Tensor
    keep: Tensor
    redundancy_scores: Tensor
    groups: AmbiguityGroups
    region_boxes: RegionBoxes = field(default_factory=no_boxes)
    winners: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    redundancy_thresh: Tensor | None = None
    ambiguity_thresh: Tensor | None = None
    elimination: str = "region"
    highest: Tensor | None = None
    visible: Tensor = field(default_factory=lambda: torch.zeros(0, 0, dtype=torch.bool))

    def on_host(self, *others: Tensor) -> tuple["PurificationOutput", tuple[Tensor, ...]]:
        """All but the maps, and other tensors, on the CPU, with one wait for the device."""
        names = ("keep", "redundancy_scores", "winners", "redundancy_thresh", "ambiguity_thresh")
        own = {name: getattr(self, name) for name in (*names, "highest")}
        own = {name: value for name, value in own.items() if value is not None}
        own["visible"] = has_score(self.maps)
        found = to_host(*own.values(), *self.groups, *self.region_boxes, *others)
        own = dict(zip(own, found[: len(own)], strict=True))
        groups, boxes, rest = found[len(own) :][:2], found[len(own) :][2:4], found[len(own) + 4 :]
        own |= {"groups": AmbiguityGroups(*groups), "region_boxes": RegionBoxes(*boxes)}
        return replace(self, **own), rest


def build_purification_head(cfg: CfgNode) -> nn.Module:
    """Build the head that `cfg.MODEL.PURIFICATION_HEAD.NAME` names."""
    return PURIFICATION_HEAD_REGISTRY.get(cfg.MODEL.PURIFICATION_HEAD.NAME)(cfg)

"""
What a purification head gives back, and what it may ask (Sec. 3.3).

Shape shorthand in this module: N windows, K classes, B boxes, h x w patches.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ...method import AmbiguityGroups, RegionBoxes, no_boxes

ClassifyBoxes = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(window (B,), boxes (B, 4) in patches, candidates (B, K) bool) -> winning class (B,)."""


@dataclass
class PurificationOutput:
    """
    What is left of a batch of windows, and why.

    Attributes:
        maps: purified maps, 0 where a class is gone, shape (N, K, h, w).
        keep: classes that the oracle, if there is one, and redundancy purification left, bool,
            shape (N, K).
        redundancy_scores: s of Eq. (5), shape (N, K).
        groups: ambiguity groups of all windows.
        region_boxes: boxes of each group with an area (`map_index` is the group).
        winners: winning class of each contest, int64, shape (B,).
        redundancy_thresh, ambiguity_thresh: tau_r of Eq. (5) and tau_a of Eq. (7) that each window
            was purified with, shape (N,); None where that purification did not take place.
        elimination: what losing a box costs, "region" or "window", see `ClassPurification`.
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

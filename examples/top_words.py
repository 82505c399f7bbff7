"""
Your own purification head: it keeps the words that cover most of a window.

    python train_net.py --eval-only --config examples/top_words.yaml \
        --import examples/top_words.py --import examples/color_position_affinity.py

The second file is your own affinity source, which works with any purification head. `--import`
calls `add_config`, whose keys a config may then set.

Shape shorthand: N windows, K classes, h x w patches, P = h * w.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from freecp_d2 import PURIFICATION_HEAD_REGISTRY
from freecp_d2.d2 import CfgNode
from freecp_d2.method import no_groups, refine
from freecp_d2.modeling.purification.build import ClassifyBoxes, PurificationOutput


def add_config(cfg: CfgNode) -> None:
    """Add MODEL.PURIFICATION_HEAD.NUM_WORDS."""
    cfg.MODEL.PURIFICATION_HEAD.NUM_WORDS = 5


@PURIFICATION_HEAD_REGISTRY.register()
class TopWords(nn.Module):
    """MODEL.PURIFICATION_HEAD.NAME TopWords."""

    def __init__(self, cfg: CfgNode):
        super().__init__()
        self.num_words = cfg.MODEL.PURIFICATION_HEAD.NUM_WORDS
        if self.num_words < 1:
            raise ValueError(f"NUM_WORDS is {self.num_words}; use 1 or more.")

    def forward(
        self,
        maps: Tensor,
        normalized_cam: Tensor,
        transition: Tensor,
        classify: ClassifyBoxes | None = None,
        allowed: Tensor | None = None,
    ) -> PurificationOutput:
        """See `PURIFICATION_HEAD_REGISTRY`; the share of patches stands for Eq. (5)."""
        everywhere = torch.ones_like(maps, dtype=torch.bool)
        scores = normalized_cam * refine(normalized_cam, transition, everywhere)
        if allowed is not None:
            scores = scores * allowed[:, :, None, None].to(scores)
        num_classes = scores.shape[1]
        shares = F.one_hot(scores.argmax(dim=1).flatten(1), num_classes).float().mean(dim=1)
        best = shares.topk(min(self.num_words, num_classes), dim=1).indices
        keep = (shares > 0) & torch.zeros_like(shares, dtype=torch.bool).scatter(1, best, True)
        groups = no_groups(num_classes, scores.device)
        return PurificationOutput(scores * keep[:, :, None, None], keep, shares, groups)

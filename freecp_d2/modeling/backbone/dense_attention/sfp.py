"""
SFP (ICCV 2025): SC-CLIP's streams with another rule for anomalous tokens and other attention.

Shapes: N windows, P = h * w patches (no class token), C width, H heads, E = C / H.
"""

from typing import Any

from torch import Tensor

from ....d2 import CfgNode, configurable
from .blocks import attention_weights, mean_over_heads
from .build import DENSE_ATTENTION_REGISTRY, BlockFeatures, Needs, TowerSpec
from .scclip import SCCLIP, layers_for_depth
from .similarity import is_anomalous_by_outlier_factor, keep_similar, similarity_attention

ANOMALIES = ("attention", "norm", "outlier_factor")
"""Values of MODEL.CLIP.SFP.ANOMALIES."""


@DENSE_ATTENTION_REGISTRY.register()
class SFP(SCCLIP):
    """
    Anomalous are the patches to which the class token attends more than they do to themselves, in
    the block before the last one. Similarities below the threshold are 0 everywhere.
    """

    @configurable
    def __init__(
        self,
        *,
        attention_scale: float = 5.0,
        num_anomalies: int = 10,
        anomalies: str = "attention",
        **streams: Any,
    ):
        """
        Args:
            attention_scale: times `class_share`, factor of the class token's attention.
            num_anomalies: most anomalous patches in a window.
            anomalies: "attention", or the authors' ablations: "norm", the tokens of the largest
                norms, and "outlier_factor", SC-CLIP's.
            streams: the arguments of `SCCLIP`.
        """
        super().__init__(**streams)
        if anomalies not in ANOMALIES:
            raise ValueError(
                f'MODEL.CLIP.SFP.ANOMALIES="{anomalies}" is unknown; use one of {ANOMALIES}.'
            )
        self.attention_scale, self.num_anomalies = attention_scale, num_anomalies
        self.anomalies = anomalies
        if anomalies == "attention":
            self.needs = Needs(tokens=self.needs.tokens, attention={"before_last": (-2,)})

    @classmethod
    def from_config(cls, cfg: CfgNode, tower: TowerSpec) -> dict[str, Any]:
        return {**layers_for_depth(tower.num_layers), "anomalies": cfg.MODEL.CLIP.SFP.ANOMALIES}

    def anomalous(self, features: BlockFeatures) -> Tensor:
        patches = features.tokens[-1][:, 1:]
        if self.anomalies == "outlier_factor":
            return is_anomalous_by_outlier_factor(patches)
        if self.anomalies == "norm":
            score = patches.float().norm(dim=-1)
            return is_among_largest(score, self.num_anomalies)
        attention = mean_over_heads(features.attention["before_last"])
        of_class, of_itself = attention[:, 0, 1:], attention.diagonal(dim1=1, dim2=2)[:, 1:]
        drawn = self.class_share * self.attention_scale * of_class > of_itself
        return drawn & is_among_largest(of_class.masked_fill(~drawn, -1), self.num_anomalies)

    def pre_similarity(self, features: BlockFeatures, anomalous: Tensor) -> Tensor:
        return keep_similar(super().pre_similarity(features, anomalous), self.similarity_thresh)

    def attention(self, similarity: Tensor, q: Tensor, k: Tensor) -> Tensor:
        similar = similarity_attention(similarity)[:, None]
        return (similar + attention_weights(k, k) + attention_weights(q, q)) / 3

    def multi_attention(self, similarity: Tensor, q: Tensor, k: Tensor) -> Tensor:
        return similarity_attention(similarity)[:, None]


def is_among_largest(score: Tensor, count: int) -> Tensor:
    """Mark the `count` largest of each row: (N, P) -> bool (N, P)."""
    index = score.topk(min(count, score.shape[1]), dim=1).indices
    return score.new_zeros(score.shape).scatter(1, index, 1).bool()

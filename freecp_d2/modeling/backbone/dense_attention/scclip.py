"""
SC-CLIP (arXiv:2411.15869): anomalous tokens are repaired, and tokens are aggregated by the
similarity of middle layers.

Shapes: N windows, P = h * w patches (no class token), C width, H heads, E = C / H.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ....d2 import CfgNode, configurable
from .blocks import attention_weights, project_heads, query_key_value
from .build import DENSE_ATTENTION_REGISTRY, BlockFeatures, DenseAttention, Needs, TowerSpec
from .similarity import (
    aggregate,
    cosine_similarity,
    is_anomalous_by_outlier_factor,
    keep_similar,
    repair,
    similarity_attention,
)


def layers_for_depth(depth: int) -> dict[str, Any]:
    """
    The layers of `SCCLIP` for a tower of `depth` blocks, and the share of the class token.

    12 and 24 blocks have the authors' values. Others have those of 12 at the same relative depth,
    rounded: 6, 3 and 3 to 7 for 8 blocks.
    """
    if depth == 24:  # https://github.com/SuleBai/SC-CLIP/issues/5
        return {"pre": 17, "post": 7, "multi": range(9, 20), "class_share": 0.1}
    pre, post, first, last = (
        min(max(round(layer * depth / 12), 0), depth - 1) for layer in (9, 4, 4, 10)
    )
    return {"pre": pre, "post": post, "multi": range(first, last + 1), "class_share": 0.3}


@DENSE_ATTENTION_REGISTRY.register()
class SCCLIP(DenseAttention):
    """
    Two streams go through the last block's attention, and their sum is the result: the repaired
    tokens that enter the last block, and the sum of the tokens of middle layers. Neither has a
    residual or an MLP.
    """

    @configurable
    def __init__(
        self,
        *,
        pre: int,
        post: int,
        multi: Sequence[int],
        class_share: float = 0.3,
        similarity_thresh: float = 0.4,
    ):
        """
        Args:
            pre: blocks before the tokens whose similarity aggregates before the attention.
            post: the same, after the attention.
            multi: the same, of the tokens whose sum is the second stream.
            class_share: how much of the class token is added to each patch.
            similarity_thresh: smaller similarities do not aggregate.
        """
        super().__init__()
        if not 0 < similarity_thresh <= 1:
            raise ValueError(
                f"The similarity threshold of {self.name} is {similarity_thresh}; expected a "
                "cosine above 0 and at most 1."
            )
        self.pre, self.post, self.multi = pre, post, tuple(multi)
        self.class_share, self.similarity_thresh = class_share, similarity_thresh
        self.needs = Needs(tokens={-1, pre, post, *self.multi})

    @classmethod
    def from_config(cls, cfg: CfgNode, tower: TowerSpec) -> dict[str, Any]:
        return layers_for_depth(tower.num_layers)

    def anomalous(self, features: BlockFeatures) -> Tensor:
        """The patches whose tokens are repaired, bool (N, P)."""
        return is_anomalous_by_outlier_factor(features.tokens[-1][:, 1:])

    def pre_similarity(self, features: BlockFeatures, anomalous: Tensor) -> Tensor:
        """S: similarity of the repaired tokens of layer `pre`, (N, P, P)."""
        return cosine_similarity(
            repair(features.tokens[self.pre][:, 1:].float(), anomalous, features.grid)
        )

    def attention(self, similarity: Tensor, q: Tensor, k: Tensor) -> Tensor:
        """Attention of the first stream, (N, H, P, P), of queries and keys (N, H, P, E)."""
        return (similarity_attention(similarity)[:, None] + attention_weights(k, k)) / 2

    def multi_attention(self, similarity: Tensor, q: Tensor, k: Tensor) -> Tensor:
        """Attention of the second stream."""
        return self.attention(similarity, q, k)

    def streams(self, features: BlockFeatures) -> tuple[Tensor, Tensor]:
        """The two streams before their sum, (N, P, C) each."""
        anomalous = self.anomalous(features)
        similarity = self.pre_similarity(features, anomalous)
        post = keep_similar(
            cosine_similarity(features.tokens[self.post][:, 1:].float()), self.similarity_thresh
        )
        last = features.tokens[-1].float()
        tokens = repair(last[:, 1:], anomalous, features.grid)
        tokens = aggregate(tokens, keep_similar(similarity, self.similarity_thresh))
        middle = torch.stack([features.tokens[layer].float() for layer in self.multi]).sum(dim=0)
        found = []
        for patches, source, attention in (
            (tokens, last, self.attention),
            (middle[:, 1:], middle, self.multi_attention),
        ):
            block = features.blocks[-1]
            q, k, v = query_key_value(block, patches.to(features.tokens[-1].dtype))
            heads = attention(similarity, q.float(), k.float()).to(v.dtype) @ v
            attended = project_heads(block, heads).float() + self.class_share * source[:, :1]
            found.append(aggregate(attended, post))
        return found[0], found[1]

    def forward(self, features: BlockFeatures) -> tuple[Tensor, tuple[int, int]]:
        last, multi = self.streams(features)
        return (last + multi).to(features.tokens[-1].dtype), features.grid

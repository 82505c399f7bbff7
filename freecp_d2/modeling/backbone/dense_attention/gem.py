"""
GEM (CVPR 2024): a second path along the last blocks that adds only self-self attention.

Shapes: N windows, T = 1 + h * w tokens (class token first), C width, H heads, E = C / H.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ....d2 import CfgNode, configurable
from ....utils.device import layer_norm
from .blocks import by_window, project_heads
from .build import DENSE_ATTENTION_REGISTRY, BlockFeatures, DenseAttention, Needs, TowerSpec


@DENSE_ATTENTION_REGISTRY.register()
class GEM(DenseAttention):
    """
    Each block adds the projected mean of its v-v, k-k and q-q attention, without the MLP. The
    inverse temperature is the image's mean token norm of ln_1(x), over sqrt(E).
    """

    interpolation = "size_antialias"

    @configurable
    def __init__(self, *, num_blocks: int = 6):
        """`num_blocks`: the last blocks that are rewritten; `ValueError` if below 1."""
        super().__init__()
        if num_blocks < 1:
            raise ValueError(f"MODEL.CLIP.GEM_BLOCKS is {num_blocks}; use 1 or more.")
        self.num_blocks = num_blocks
        layers = range(-num_blocks, 0)
        self.needs = Needs(tokens=layers, qkv=layers)

    @classmethod
    def from_config(cls, cfg: CfgNode, tower: TowerSpec) -> dict[str, Any]:
        return {"num_blocks": cfg.MODEL.CLIP.GEM_BLOCKS}

    def check(self, tower: TowerSpec) -> None:
        if self.num_blocks > tower.num_layers:
            raise ValueError(
                f"gem rewrites the last {self.num_blocks} blocks, this ViT has "
                f"{tower.num_layers}; lower MODEL.CLIP.GEM_BLOCKS."
            )

    def forward(self, features: BlockFeatures) -> tuple[Tensor, tuple[int, int]]:
        layers = sorted(features.tokens)
        dense = features.tokens[layers[0]]
        for layer in layers:
            block, x = features.blocks[layer], features.tokens[layer]
            q, k, v = features.query_key_value(layer)
            norm = layer_norm(block.ln_1, x).norm(dim=-1).mean(dim=1)
            inverse_temperature = (norm * q.shape[-1] ** -0.5).view(-1, 1, 1, 1)
            heads = by_window(attend_to_values, q, k, v, inverse_temperature)
            dense = dense + project_heads(block, torch.cat(heads))
        return dense[:, 1:], features.grid


def attend_to_values(q: Tensor, k: Tensor, v: Tensor, inverse_temperature: Tensor) -> Tensor:
    """The mean of `self_self_attention` of v, k and q, (N, H, T, E)."""
    return torch.stack([self_self_attention(p, v, inverse_temperature) for p in (v, k, q)]).mean(0)


def self_self_attention(x: Tensor, v: Tensor, inverse_temperature: Tensor) -> Tensor:
    """Normalise x (q, k or v), smooth it by itself, normalise, attend to v; (N, H, T, E)."""
    x = F.normalize(x, dim=-1)
    x = (x @ x.transpose(-2, -1) * inverse_temperature).softmax(dim=-1) @ x
    x = F.normalize(x, dim=-1)
    return (x @ x.transpose(-2, -1) * inverse_temperature).softmax(dim=-1) @ v

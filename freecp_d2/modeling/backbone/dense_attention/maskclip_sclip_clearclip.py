"""
Methods that replace only the attention of the last block, which keeps or drops residual and MLP.

Shapes: N windows, T = 1 + h * w tokens (class token first), C width, H heads, E = C / H.
"""

from functools import partial
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ....d2 import CfgNode, configurable
from .blocks import attention_weights, by_window, feed_forward, project_heads
from .build import DENSE_ATTENTION_REGISTRY, BlockFeatures, DenseAttention, TowerSpec


class LastBlock(DenseAttention):
    """
    A last block with another attention: residual + attention, then residual + MLP. A subclass
    implements `attend`.
    """

    PRESETS: ClassVar[dict[str, tuple[bool, bool]]] = {
        "freecp": (False, True),
        "original": (True, True),
    }
    """MODEL.CLIP.DENSE_PRESET -> (residual, MLP): as FreeCP's release, or the method's authors."""

    @configurable
    def __init__(self, *, residual: bool | None = None, mlp: bool | None = None):
        """
        Whether to keep the residual around the attention, and the MLP with the residual around it;
        None: as the released FreeCP program.
        """
        super().__init__()
        default = self.PRESETS["freecp"]
        self.residual = default[0] if residual is None else residual
        self.mlp = default[1] if mlp is None else mlp

    @classmethod
    def from_config(cls, cfg: CfgNode, tower: TowerSpec) -> dict[str, Any]:
        node = cfg.MODEL.CLIP
        if node.DENSE_PRESET == "custom":
            return {"residual": node.DENSE_RESIDUAL, "mlp": node.DENSE_MLP}
        residual, mlp = cls.PRESETS[node.DENSE_PRESET]
        return {"residual": residual, "mlp": mlp}

    def attend(self, q: Tensor, k: Tensor, v: Tensor, grid: tuple[int, int]) -> Tensor:
        """The attended values, (N, H, T, E), of queries, keys and values, each (N, H, T, E)."""
        raise NotImplementedError

    def forward(self, features: BlockFeatures) -> tuple[Tensor, tuple[int, int]]:
        return self.rewritten(features)[:, 1:], features.grid

    def rewritten(self, features: BlockFeatures) -> Tensor:
        """All tokens after the last block, (N, T, C)."""
        block, x = features.blocks[-1], features.tokens[-1]
        attend = partial(self.attend, grid=features.grid)
        heads = by_window(attend, *features.query_key_value(-1))
        dense = project_heads(block, torch.cat(heads))
        if self.residual:
            dense = x + dense
        if self.mlp:
            dense = dense + feed_forward(block, dense)
        return dense


@DENSE_ATTENTION_REGISTRY.register()
class Vanilla(LastBlock):
    """CLIP's own attention: softmax(q k^T) v."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor, grid: tuple[int, int]) -> Tensor:
        return F.scaled_dot_product_attention(q, k, v)


@DENSE_ATTENTION_REGISTRY.register()
class CLIP(Vanilla):
    """
    CLIP's last block as it is, with residual and MLP: the row "CLIP" of the papers of base methods.
    """

    PRESETS: ClassVar = {"freecp": (True, True), "original": (True, True)}


@DENSE_ATTENTION_REGISTRY.register()
class MaskCLIP(LastBlock):
    """MaskCLIP (ECCV 2022): v, without attention."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor, grid: tuple[int, int]) -> Tensor:
        return v


@DENSE_ATTENTION_REGISTRY.register()
class SCLIP(LastBlock):
    """SCLIP (ECCV 2024): (softmax(q q^T) + softmax(k k^T)) v; the rows sum to two."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor, grid: tuple[int, int]) -> Tensor:
        return (attention_weights(q, q) + attention_weights(k, k)) @ v


@DENSE_ATTENTION_REGISTRY.register()
class ClearCLIP(LastBlock):
    """ClearCLIP (ECCV 2024): softmax(q q^T) v, without residual and MLP."""

    PRESETS: ClassVar = {"freecp": (False, False), "original": (False, False)}

    def attend(self, q: Tensor, k: Tensor, v: Tensor, grid: tuple[int, int]) -> Tensor:
        return F.scaled_dot_product_attention(q, q, v)

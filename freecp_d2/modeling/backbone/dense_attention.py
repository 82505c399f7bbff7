"""
The blocks of a CLIP ViT, and the last one as the training-free methods rewrite it (Tab. 2).

The blocks of `clip` and `open_clip` do not return attention, queries, keys and values. Their layers
have the same names in both libraries, so these functions compute with the layers of either.

CLIP's last block mixes all patches, which suits a label for the image but not for each patch. Each
method replaces its attention; some also drop the block's residual or MLP.

Shapes: N windows, T = 1 + h * w tokens (class token first), C width, H heads, E = C / H.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...utils.precision import layer_norm


def query_key_value(block: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of ln_1(x), each of shape (N, H, T, E); `x` has shape (N, T, C)."""
    attn = block.attn
    qkv = F.linear(layer_norm(block.ln_1, x), attn.in_proj_weight, attn.in_proj_bias)
    q, k, v = qkv.unflatten(2, (3, attn.num_heads, -1)).permute(2, 0, 3, 1, 4)
    return q, k, v


def attention_weights(a: Tensor, b: Tensor) -> Tensor:
    """softmax(a b^T / sqrt(E)) over the last axis; (N, H, S, E) x (N, H, T, E) -> (N, H, S, T)."""
    return ((a * a.shape[-1] ** -0.5) @ b.transpose(-2, -1)).softmax(dim=-1)


def project_heads(block: Any, heads: Tensor) -> Tensor:
    """Join the heads and apply out_proj: (N, H, T, E) -> (N, T, C)."""
    joined = heads.transpose(1, 2).flatten(2)
    return _scaled(block, "ls_1", block.attn.out_proj(joined))


def feed_forward(block: Any, x: Tensor) -> Tensor:
    """MLP(ln_2(x)), without the residual: (N, T, C) -> (N, T, C)."""
    return _scaled(block, "ls_2", block.mlp(layer_norm(block.ln_2, x)))


def run_block(
    block: Any, x: Tensor, *, num_queries: int | None = None, need_attention: bool = False
) -> tuple[Tensor, Tensor | None]:
    """
    The block as the library runs it on tokens (N, T, C).

    Returns the first `num_queries` output tokens (None: all), (N, num_queries, C), and the
    attention averaged over heads, float32, (N, T, T), or None.
    """
    q, k, v = query_key_value(block, x)
    attention = None
    if need_attention:
        weights = attention_weights(q, k)
        attention = weights.mean(dim=1, dtype=torch.float32)
        heads = (weights @ v)[:, :, :num_queries]
    else:
        heads = F.scaled_dot_product_attention(q[:, :, :num_queries], k, v)
    x = x[:, :num_queries] + project_heads(block, heads)
    return x + feed_forward(block, x), attention


def _scaled(block: Any, name: str, x: Tensor) -> Tensor:
    """Apply open_clip's LayerScale `name` if the block has it."""
    return getattr(block, name)(x) if hasattr(block, name) else x


def vanilla(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """CLIP's own attention: softmax(q k^T) v. Shapes (N, H, T, E)."""
    return F.scaled_dot_product_attention(q, k, v)


def maskclip(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """MaskCLIP (ECCV 2022): v, without attention."""
    return v


def sclip(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """SCLIP (ECCV 2024): (softmax(q q^T) + softmax(k k^T)) v; the rows sum to two."""
    return (attention_weights(q, q) + attention_weights(k, k)) @ v


def clearclip(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """ClearCLIP (ECCV 2024): softmax(q q^T) v."""
    return F.scaled_dot_product_attention(q, q, v)


def self_self_attention(x: Tensor, v: Tensor, inverse_temperature: Tensor) -> Tensor:
    """GEM: normalise x (q, k or v), smooth it by itself, normalise, attend to v; (N, H, T, E)."""
    x = F.normalize(x, dim=-1)
    x = (x @ x.transpose(-2, -1) * inverse_temperature).softmax(dim=-1) @ x
    x = F.normalize(x, dim=-1)
    return (x @ x.transpose(-2, -1) * inverse_temperature).softmax(dim=-1) @ v


def gem(blocks: Sequence[Any], inputs: Sequence[Tensor]) -> Tensor:
    """
    GEM (CVPR 2024): a second path along the last blocks that adds only self-self attention.

    Each block adds the projected mean of its v-v, k-k and q-q attention, without the MLP. The
    inverse temperature is the image's mean token norm of ln_1(x), over sqrt(E).
    """
    dense = inputs[0]
    for block, x in zip(blocks, inputs, strict=True):
        q, k, v = query_key_value(block, x)
        norm = layer_norm(block.ln_1, x).norm(dim=-1).mean(dim=1)
        inverse_temperature = (norm * q.shape[-1] ** -0.5).view(-1, 1, 1, 1)
        heads = torch.stack([self_self_attention(p, v, inverse_temperature) for p in (v, k, q)])
        dense = dense + project_heads(block, heads.mean(dim=0))
    return dense


HEADWISE: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "vanilla": vanilla,
    "maskclip": maskclip,
    "sclip": sclip,
    "clearclip": clearclip,
}
"""Methods that replace only the attention of the last block."""

PRESETS = {"freecp": (False, True), "original": (True, True)}
"""
Preset -> (residual, MLP) of the last block: as the released FreeCP program, or as each method's
authors. ClearCLIP has neither in both, and GEM has only its authors' form.
"""


@dataclass(frozen=True)
class DenseAttention:
    """
    The rewritten last block(s) of a method.

    Attributes:
        name: vanilla | maskclip | sclip | clearclip | gem.
        residual: keep the residual around the attention (ignored by gem).
        mlp: keep the MLP and the residual around it (ignored by gem).
        num_blocks: number of last blocks that are rewritten: 1, or more for gem.
    """

    name: str
    residual: bool = False
    mlp: bool = True
    num_blocks: int = 1

    @classmethod
    def from_preset(cls, name: str, preset: str, *, gem_blocks: int = 6) -> "DenseAttention":
        """A method with one of `PRESETS`; unknown names raise `ValueError`."""
        if preset not in PRESETS:
            raise ValueError(
                f'MODEL.CLIP.DENSE_PRESET="{preset}" is unknown; use one of {[*PRESETS]} or custom.'
            )
        if name == "gem":
            if gem_blocks < 1:
                raise ValueError(f"MODEL.CLIP.GEM_BLOCKS is {gem_blocks}; use 1 or more.")
            return cls(name, residual=True, mlp=False, num_blocks=gem_blocks)
        if name not in HEADWISE:
            raise ValueError(
                f'MODEL.CLIP.DENSE_ATTENTION="{name}" is unknown; '
                f"use one of {[*sorted(HEADWISE), 'gem']}."
            )
        residual, mlp = (False, False) if name == "clearclip" else PRESETS[preset]
        return cls(name, residual, mlp)

    def __call__(self, blocks: Sequence[Any], inputs: Sequence[Tensor]) -> Tensor:
        """
        Tokens after the rewritten block(s), (N, T, C), of the last `num_blocks` blocks and the
        input of each in the unmodified tower, (N, T, C).
        """
        if self.name == "gem":
            return gem(blocks, inputs)
        block, x = blocks[-1], inputs[-1]
        dense = project_heads(block, HEADWISE[self.name](*query_key_value(block, x)))
        if self.residual:
            dense = x + dense
        if self.mlp:
            dense = dense + feed_forward(block, dense)
        return dense

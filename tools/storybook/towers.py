"""
Faster forwards of the two towers of a `clip.model.CLIP`, for training on a CPU.

Same parameters, same result; patches may be dropped (arXiv:2212.00794), the last block computes the
class token alone where nothing else is asked for, and prompts are as long as the longest of their
batch.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from clip_model import CLIP, ResidualAttentionBlock, VisionTransformer
from freecp_d2.modeling.backbone import BlockFeatures, DenseAttention

_QUICK = 1.702
"""Of QuickGELU."""


def encode_image(visual: VisionTransformer, images: Tensor, *, keep: float = 1.0) -> Tensor:
    """
    Encode images, (B, 3, S, S) -> (B, D), not normalised.

    Returns:
        Tensor: the class token, shape (B, D), not normalised.
    """
    x, _ = _embed(visual, images, keep)
    *blocks, last = visual.transformer.resblocks
    for block in blocks:
        x = _block(block, x, x)
    return _project(visual, _block(last, x[:, :1], x)[:, 0])


def encode_patches(
    visual: VisionTransformer,
    images: Tensor,
    readouts: Mapping[str, DenseAttention],
    *,
    keep: float = 1.0,
    share: Mapping[str, float] | None = None,
) -> tuple[dict[str, Tensor], Tensor]:
    """
    The patch tokens that the base methods read out of one pass of the tower.

    Args:
        images: shape (B, 3, S, S).
        readouts: name -> the rewritten last block(s) of a method.
        keep: see `encode_image`.
        share: name -> share of the images, the first ones, for which it is computed; else all.

    Returns:
        tuple: name -> tokens (B or fewer, P, D), not normalised; and which patches of the grid
        they are, int64 (B, P).
    """
    x, kept = _embed(visual, images, keep)
    blocks, inputs = list(visual.transformer.resblocks), [x]
    for block in blocks[:-1]:
        inputs.append(_block(block, inputs[-1], inputs[-1]))
    tokens = {}
    for name, dense in readouts.items():
        count = max(1, round((share or {}).get(name, 1.0) * len(images)))
        features = BlockFeatures(
            blocks=blocks,
            grid=(1, kept.shape[1]),
            project=lambda x: _project(visual, x),
            tokens={n: inputs[n][:count] for n in dense.needs.tokens if n >= -len(blocks)},
        )
        tokens[name] = _project(visual, dense(features)[0])
    return tokens, kept


def encode_text(model: CLIP, tokens: Tensor) -> Tensor:
    """Encode the tokens of `clip.tokenize`, (B, 77) -> (B, D), not normalised."""
    end = tokens.argmax(dim=-1)
    tokens = tokens[:, : int(end.max()) + 1]
    x = model.token_embedding(tokens) + model.positional_embedding[: tokens.shape[1]]
    for block in model.transformer.resblocks:
        x = _block(block, x, x, causal=True)
    return model.ln_final(x[torch.arange(len(x)), end]) @ model.text_projection


def _embed(visual: VisionTransformer, images: Tensor, keep: float) -> tuple[Tensor, Tensor]:
    """Tokens that enter the first block, (B, 1 + P, C), and which patches they are, (B, P)."""
    patch = visual.conv1.weight.shape[-1]
    tokens = F.unfold(images, patch, stride=patch).mT @ visual.conv1.weight.flatten(1).T
    position = visual.positional_embedding
    tokens = tokens + position[1:]
    if keep < 1:
        count = int(keep * tokens.shape[1])
        kept = torch.rand(tokens.shape[:2], device=tokens.device).topk(count).indices
        tokens = tokens.gather(1, kept[..., None].expand(-1, -1, tokens.shape[2]))
    else:
        kept = torch.arange(tokens.shape[1], device=tokens.device).expand(len(tokens), -1)
    first = (visual.class_embedding + position[0]).expand(len(tokens), 1, -1)
    return visual.ln_pre(torch.cat([first.to(tokens.dtype), tokens], dim=1)), kept


def _project(visual: VisionTransformer, x: Tensor) -> Tensor:
    return visual.ln_post(x) @ visual.proj


def _block(
    block: ResidualAttentionBlock, x: Tensor, context: Tensor, causal: bool = False
) -> Tensor:
    """A transformer block for the tokens `x` (B, Q, D), the first of `context` (B, N, D)."""
    attention, mlp = block.attn, block.mlp
    dim, heads = attention.embed_dim, attention.num_heads
    seen = block.ln_1(context)
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    query = F.linear(seen[:, : x.shape[1]], weight[:dim], bias[:dim])
    key, value = F.linear(seen, weight[dim:], bias[dim:]).chunk(2, dim=-1)
    q, k, v = (t.unflatten(-1, (heads, dim // heads)).transpose(1, 2) for t in (query, key, value))
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    x = x + attention.out_proj(mixed.transpose(1, 2).flatten(2))
    # QuickGELU(z) is z * sigmoid(1.702 z) = silu(1.702 z) / 1.702, and silu is one kernel.
    hidden = F.silu(F.linear(block.ln_2(x), mlp.c_fc.weight * _QUICK, mlp.c_fc.bias * _QUICK))
    return x + F.linear(hidden, mlp.c_proj.weight / _QUICK, mlp.c_proj.bias)

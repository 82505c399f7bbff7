"""
Faster forwards of the two towers of a `clip.model.CLIP`, for training on a CPU.

Parameters and results are the same. Patches may be dropped (arXiv:2212.00794), the last block
computes only the class token, and prompts are as long as the longest of their batch.
"""

import torch
import torch.nn.functional as F
from clip.model import CLIP, ResidualAttentionBlock, VisionTransformer
from torch import Tensor

_QUICK = 1.702  # the factor of QuickGELU


def encode_image(visual: VisionTransformer, images: Tensor, *, keep: float = 1.0) -> Tensor:
    """
    Encode images, (B, 3, S, S) -> (B, D), not normalised.

    `keep` is the share of the patches that is encoded, chosen at random for every image.
    """
    patch = visual.conv1.weight.shape[-1]
    tokens = F.unfold(images, patch, stride=patch).mT @ visual.conv1.weight.flatten(1).T
    position = visual.positional_embedding
    tokens = tokens + position[1:]
    if keep < 1:
        count = int(keep * tokens.shape[1])
        kept = torch.rand(tokens.shape[:2], device=tokens.device).topk(count).indices
        tokens = tokens.gather(1, kept[..., None].expand(-1, -1, tokens.shape[2]))
    first = (visual.class_embedding + position[0]).expand(len(tokens), 1, -1)
    x = visual.ln_pre(torch.cat([first.to(tokens.dtype), tokens], dim=1))
    *blocks, last = visual.transformer.resblocks
    for block in blocks:
        x = _block(block, x, x)
    x = _block(last, x[:, :1], x)
    return visual.ln_post(x[:, 0]) @ visual.proj


def encode_text(model: CLIP, tokens: Tensor) -> Tensor:
    """Encode the tokens of `clip.tokenize`, (B, 77) -> (B, D), not normalised."""
    end = tokens.argmax(dim=-1)
    tokens = tokens[:, : int(end.max()) + 1]
    x = model.token_embedding(tokens) + model.positional_embedding[: tokens.shape[1]]
    for block in model.transformer.resblocks:
        x = _block(block, x, x, causal=True)
    return model.ln_final(x[torch.arange(len(x)), end]) @ model.text_projection


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

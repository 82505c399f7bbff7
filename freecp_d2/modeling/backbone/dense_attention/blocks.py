"""
The blocks of a CLIP ViT, computed with the layers of `clip` or `open_clip`, which have the same
names in both libraries. Their blocks do not return attention, queries, keys and values.

Shapes: N windows, T = 1 + h * w tokens (class token first), C width, H heads, E = C / H.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ....utils.device import layer_norm

R = TypeVar("R")

_is_traced = getattr(torch.compiler, "is_compiling", bool)  # from PyTorch 2.3 on; else False


def runs_on_cpu(x: Tensor) -> bool:
    """Whether `x` is on the CPU and no compiler traces the code, which would split it itself."""
    return x.device.type == "cpu" and not _is_traced()


def query_key_value(block: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of ln_1(x), each of shape (N, H, T, E); `x` has shape (N, T, C)."""
    attn = block.attn
    qkv = F.linear(layer_norm(block.ln_1, x), attn.in_proj_weight, attn.in_proj_bias)
    q, k, v = qkv.unflatten(2, (3, attn.num_heads, -1)).permute(2, 0, 3, 1, 4)
    return q, k, v


def attention_weights(a: Tensor, b: Tensor) -> Tensor:
    """softmax(a b^T / sqrt(E)) over the last axis; (N, H, S, E) x (N, H, T, E) -> (N, H, S, T)."""
    scores = (a * a.shape[-1] ** -0.5) @ b.transpose(-2, -1)
    if scores.requires_grad or not runs_on_cpu(scores):
        return scores.softmax(dim=-1)
    return torch.softmax(scores, dim=-1, out=scores)  # in place: a row fits in the cache


def mean_over_heads(attention: Tensor) -> Tensor:
    """(N, H, T, T) -> (N, T, T), float32."""
    return attention.mean(dim=1, dtype=torch.float32)


def project_heads(block: Any, heads: Tensor) -> Tensor:
    """Join the heads and apply out_proj: (N, H, T, E) -> (N, T, C)."""
    joined = heads.transpose(1, 2).flatten(2)
    return _scaled(block, "ls_1", block.attn.out_proj(joined))


def feed_forward(block: Any, x: Tensor) -> Tensor:
    """MLP(ln_2(x)), without the residual: (N, T, C) -> (N, T, C)."""
    return _scaled(block, "ls_2", block.mlp(layer_norm(block.ln_2, x)))


def _scaled(block: Any, name: str, x: Tensor) -> Tensor:
    """Apply open_clip's LayerScale `name` if the block has it."""
    return getattr(block, name)(x) if hasattr(block, name) else x


def by_window(function: Callable[..., R], *tensors: Tensor) -> list[R]:
    """
    Results for one window after the other, of tensors (N, ...); on a GPU for all at once, in a list
    of one.

    Attention, (N, H, T, T), is the largest tensor of a block, and a CPU does not compute that of
    several windows faster.
    """
    if not runs_on_cpu(tensors[0]):
        return [function(*tensors)]
    return [function(*part) for part in zip(*(x.split(1) for x in tensors), strict=True)]


def run_block(
    block: Any,
    x: Tensor,
    *,
    num_queries: int | None = None,
    qkv: tuple[Tensor, Tensor, Tensor] | None = None,
    read: Callable[[Tensor], Tensor] | None = None,
) -> tuple[Tensor, Tensor | None]:
    """
    The block as the library runs it on tokens (N, T, C).

    Args:
        num_queries: of the first tokens; None: all.
        qkv: `query_key_value` of `x`; None: it is computed.
        read: what is kept of the attention of each head, (n, H, T, T) of some windows -> (n, ...).

    Returns:
        The output of the first `num_queries` tokens, (N, num_queries, C); and what `read` keeps of
        all windows, or None.
    """
    q, k, v = qkv or query_key_value(block, x)
    found = None
    if read is None:
        heads = F.scaled_dot_product_attention(q[:, :, :num_queries], k, v)
    else:

        def attend(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
            attention = attention_weights(q, k)
            return (attention @ v)[:, :, :num_queries], read(attention)

        heads, found = (torch.cat(parts) for parts in zip(*by_window(attend, q, k, v), strict=True))
    x = x[:, :num_queries] + project_heads(block, heads)
    return x + feed_forward(block, x), found


class RunningMean:
    """The mean of tensors of one shape, which are added one by one; None of none."""

    def __init__(self) -> None:
        self._total: Any = None
        self._count = 0

    def add(self, value: Tensor) -> None:
        self._total = value if self._total is None else self._total + value
        self._count += 1

    @property
    def value(self) -> Any:
        return None if self._total is None else self._total / self._count


class QuickGELU(nn.Module):
    """x * sigmoid(1.702 x), in the memory of x where no gradient needs it."""

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled() and x.requires_grad:
            return (1.702 * x).sigmoid_() * x
        rows = x.view(-1, x.shape[-1])
        for part in rows.split(32 * torch.get_num_threads()) if runs_on_cpu(x) else (rows,):
            part.mul_((1.702 * part).sigmoid_())
        return x


def save_memory(model: nn.Module) -> None:
    """
    Replace the QuickGELU of `clip` and `open_clip` in the blocks of a model by one that writes into
    its input, the largest tensor of a block.
    """
    for module in model.modules():
        mlp: Any = getattr(module, "mlp", None)
        if type(getattr(mlp, "gelu", None)).__name__ == "QuickGELU":
            mlp.gelu = QuickGELU()

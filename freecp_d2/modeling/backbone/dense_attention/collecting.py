"""
Collecting what a base method reads, while the tower runs.

Shapes: N windows, T tokens, C width, H heads.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from torch import Tensor

from .blocks import mean_over_heads, query_key_value
from .build import Needs


class RunningMean:
    """The mean of tensors of one shape, which are added one by one."""

    def __init__(self) -> None:
        self.total: Tensor | None = None
        self._count = 0

    def add(self, value: Tensor) -> None:
        self.total = value if self.total is None else self.total + value
        self._count += 1

    @property
    def value(self) -> Tensor:
        assert self.total is not None, "nothing was added"
        return self.total / self._count


class CollectedFeatures:
    """The tokens and the attention that `needs` names, of a tower of `depth` blocks."""

    def __init__(self, needs: Needs, depth: int) -> None:
        self._asked = {asked: asked % depth for asked in needs.tokens}
        self._layers = {
            name: {layer % depth for layer in layers} for name, layers in needs.attention.items()
        }
        self._means = {name: RunningMean() for name in self._layers}
        self._qkv = {asked: asked % depth for asked in needs.qkv}
        self.tokens: dict[int, Tensor] = {}
        self.qkv: dict[int, tuple[Tensor, Tensor, Tensor]] = {}

    @property
    def attention(self) -> dict[str, Tensor]:
        """Name -> mean over its layers, (N, H, T, T)."""
        return {name: mean.value for name, mean in self._means.items()}

    def reads_attention(self, layer: int) -> bool:
        return any(layer in layers for layers in self._layers.values())

    def see_tokens(self, layer: int, x: Tensor, qkv: tuple[Tensor, Tensor, Tensor]) -> None:
        """Keep the input of a layer, (N, T, C), and its `query_key_value`, if they are read."""
        self.tokens |= {asked: x for asked, found in self._asked.items() if found == layer}
        self.qkv |= {asked: qkv for asked, found in self._qkv.items() if found == layer}

    def see_attention(self, layer: int, attention: Tensor) -> None:
        """Add the attention of a layer, (N, H, T, T), to the means that it is part of."""
        for name, layers in self._layers.items():
            if layer in layers:
                self._means[name].add(attention)


def run_blocks(
    run: Callable[..., tuple[Tensor, Tensor | None]],
    blocks: Sequence[Any],
    x: Tensor,
    collected: Sequence[CollectedFeatures],
    layers: Collection[int],
) -> tuple[Tensor, RunningMean]:
    """
    Run all blocks with `run`, which is `run_block` or that function compiled. All of `collected`
    see what they need.

    Returns:
        tuple: the class token alone, (N, 1, C), and the mean attention of the `layers`.
    """
    mean = RunningMean()
    for layer, block in enumerate(blocks):
        qkv = query_key_value(block, x)
        for kept in collected:
            kept.see_tokens(layer, x, qkv)
        num_queries = 1 if block is blocks[-1] else None
        heads_are_read = any(kept.reads_attention(layer) for kept in collected)
        read: Callable[[Tensor], Tensor] | None = None
        if heads_are_read:
            read = _each_head
        elif layer in layers:
            read = mean_over_heads
        x, attention = run(block, x, num_queries=num_queries, qkv=qkv, read=read)
        if attention is not None:
            if heads_are_read:
                for kept in collected:
                    kept.see_attention(layer, attention)
                attention = mean_over_heads(attention)
            if layer in layers:
                mean.add(attention)
        del attention, qkv  # the next block needs the memory
    return x, mean


def _each_head(attention: Tensor) -> Tensor:
    return attention

"""
The registry and base class of the base methods of Tab. 2: what replaces CLIP's last block.

CLIP's last block mixes all patches, which suits a label for the image but not for each patch. A
base method computes patch tokens from the blocks in another way; the class token and the attention
of Eq. (2) stay those of the unmodified tower.

Shapes: N windows, T = 1 + h * w tokens (class token first), C width, H heads, D embedding.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from ....d2 import CfgNode, Registry
from .blocks import RunningMean, mean_over_heads, query_key_value

DENSE_ATTENTION_REGISTRY = Registry("DENSE_ATTENTION")
DENSE_ATTENTION_REGISTRY.__doc__ = """
Registry for base methods, which compute the patch tokens of Eq. (1).

MODEL.CLIP.DENSE_ATTENTION names one; case does not matter. The registered object is called with
`obj(cfg, tower)` when the backbone is built, `tower` a `TowerSpec`, and returns a `DenseAttention`.
It refuses what cannot work on this tower with a ValueError.

A method says in `needs` what it reads; nothing else is computed or kept. For every batch of windows
of one size the backbone calls it once, `method(features)` with `BlockFeatures`, under `no_grad` and
in the precision of MODEL.PRECISION. It returns the patch tokens before ln_post and the projection,
(N, h * w, C), row by row, and their grid (h, w), which need not be the backbone's. Each window is
processed independently of the others in its batch, and no value may be NaN.

A method is a submodule of the backbone, so an encoder of its own moves with `.to`.
"""

PRESETS = ("freecp", "original", "custom")
"""Values of MODEL.CLIP.DENSE_PRESET; read by the methods that have a residual or an MLP to keep."""


@dataclass(frozen=True)
class TowerSpec:
    """What a method may know of the tower when it is built; `patch_size` in pixels."""

    num_layers: int
    num_heads: int
    width: int
    patch_size: int


@dataclass(frozen=True)
class Needs:
    """
    What a method reads. Layers count from 0, negative ones from the end.

    Attributes:
        tokens: layers l whose input is kept. The input of layer l is the output of l blocks, so
            that 0 is what enters the first block and -1 what enters the last one.
        attention: name -> layers; the mean of their attention, separately for each head.
        images: the windows as RGB pixels, for an encoder of the method's own.
        text: the features of the words.
        qkv: layers, among those of `tokens`, whose queries, keys and values are kept, too.
    """

    tokens: Collection[int] = ()
    attention: Mapping[str, Collection[int]] = field(default_factory=dict)
    images: bool = False
    text: bool = False
    qkv: Collection[int] = ()


@dataclass(frozen=True)
class BlockFeatures:
    """
    What a method receives: the tower, and what its `Needs` name, None or empty otherwise.

    Attributes:
        blocks: all blocks of the tower.
        grid: (h, w) of the patches.
        project: ln_post and projection into the joint space with text, (..., C) -> (..., D).
        tokens: layer, as in `Needs.tokens`, -> tokens (N, T, C).
        attention: name -> (N, H, T, T).
        images: RGB in [0, 255], float32, (N, 3, H, W), sides multiples of the patch.
        text: unit rows, float32, (W, D), background words first.
        qkv: layer, as in `Needs.qkv`, -> queries, keys, values; for `query_key_value`.
    """

    blocks: Sequence[Any]
    grid: tuple[int, int]
    project: Callable[[Tensor], Tensor]
    tokens: Mapping[int, Tensor] = field(default_factory=dict)
    attention: Mapping[str, Tensor] = field(default_factory=dict)
    images: Tensor | None = None
    text: Tensor | None = None
    qkv: Mapping[int, tuple[Tensor, Tensor, Tensor]] = field(default_factory=dict)

    def query_key_value(self, layer: int) -> tuple[Tensor, Tensor, Tensor]:
        """Those of all tokens in a layer of `tokens`; computed unless `Needs.qkv` has it."""
        return self.qkv.get(layer) or query_key_value(self.blocks[layer], self.tokens[layer])


class DenseAttention(nn.Module):
    """A base method; a subclass sets `needs` and implements `forward`."""

    needs: Needs = Needs(tokens=(-1,), qkv=(-1,))
    """May be set per object, in `__init__`."""
    interpolation: str = "scale"
    """Of the positional embedding when MODEL.CLIP.POSITIONAL_EMBEDDING is auto."""
    gives_clusters: bool = False
    """Whether `clusters` is called."""

    @property
    def name(self) -> str:
        """The name in MODEL.CLIP.DENSE_ATTENTION."""
        return type(self).__name__.lower()

    def check(self, tower: TowerSpec) -> None:
        """Raise `ValueError` if the tower lacks a layer that `needs` names."""
        depth = tower.num_layers
        asked = {*self.needs.tokens, *(n for few in self.needs.attention.values() for n in few)}
        missing = sorted(layer for layer in asked if not -depth <= layer < depth)
        if missing:
            raise ValueError(
                f'MODEL.CLIP.DENSE_ATTENTION="{self.name}" reads the layers {missing} (0 is the '
                f"first, -1 the last), but this ViT has {depth} blocks; set the layers of the "
                "method for this depth, or use another method."
            )

    def forward(self, features: BlockFeatures) -> tuple[Tensor, tuple[int, int]]:
        """Patch tokens (N, h * w, C) and their grid (h, w); see `DENSE_ATTENTION_REGISTRY`."""
        raise NotImplementedError

    def clusters(self, features: BlockFeatures, size: tuple[int, int]) -> dict[str, Tensor]:
        """
        The outputs "clusters" and, if words are weighted by it, "dense_class_token" of
        `CLIPBackbone.forward`, for windows of `size` pixels. For the base method alone.
        """
        raise NotImplementedError


def find_dense_attention(name: str) -> Callable[..., DenseAttention]:
    """The registered method of a name; `ValueError` with the known names if there is none."""
    known = dict(DENSE_ATTENTION_REGISTRY)
    if name in known:
        return known[name]
    lowered = {key.lower(): found for key, found in known.items()}
    if name.lower() not in lowered:
        raise ValueError(
            f'MODEL.CLIP.DENSE_ATTENTION="{name}" is unknown; use one of {sorted(lowered)}, or '
            "import the file that registers it (--import)."
        )
    return lowered[name.lower()]


def build_dense_attention(cfg: CfgNode, tower: TowerSpec) -> DenseAttention:
    """Build the base method that `cfg.MODEL.CLIP.DENSE_ATTENTION` names, for a tower."""
    preset = cfg.MODEL.CLIP.DENSE_PRESET
    if preset not in PRESETS:
        raise ValueError(f'MODEL.CLIP.DENSE_PRESET="{preset}" is unknown; use one of {PRESETS}.')
    method = find_dense_attention(cfg.MODEL.CLIP.DENSE_ATTENTION)(cfg, tower)
    method.check(tower)
    return method


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

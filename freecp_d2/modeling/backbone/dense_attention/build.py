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
        tokens: layers whose input is kept: 0 is what enters the first block, -1 the last one.
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
    known = {key.lower(): method for key, method in DENSE_ATTENTION_REGISTRY}
    if name.lower() not in known:
        raise ValueError(
            f'MODEL.CLIP.DENSE_ATTENTION="{name}" is unknown; use one of {sorted(known)}, or '
            "import the file that registers it (--import)."
        )
    return known[name.lower()]


def build_dense_attention(cfg: CfgNode, tower: TowerSpec) -> DenseAttention:
    """Build the base method that `cfg.MODEL.CLIP.DENSE_ATTENTION` names, for a tower."""
    preset = cfg.MODEL.CLIP.DENSE_PRESET
    if preset not in PRESETS:
        raise ValueError(f'MODEL.CLIP.DENSE_PRESET="{preset}" is unknown; use one of {PRESETS}.')
    method = find_dense_attention(cfg.MODEL.CLIP.DENSE_ATTENTION)(cfg, tower)
    method.check(tower)
    return method


def run_blocks(
    run: Callable[..., tuple[Tensor, Any]],
    blocks: Sequence[Any],
    x: Tensor,
    needs: Sequence[Needs],
    layers: Collection[int],
) -> tuple[Tensor, Tensor | None, list[dict[str, Any]]]:
    """
    Run all blocks with `run`, which is `run_block` or that function compiled.

    Returns:
        tuple: the class token alone, (N, 1, C); the mean attention of the `layers`, None without;
        and for each of `needs` the `tokens`, `qkv` and `attention` of its `BlockFeatures`.
    """
    depth, tokens, qkvs, mean = len(blocks), {}, {}, RunningMean()
    means = [{name: RunningMean() for name in asked.attention} for asked in needs]
    for layer, block in enumerate(blocks):
        numbers = {layer, layer - depth}  # a layer is counted from either end
        qkv = query_key_value(block, x)
        if any(numbers & {*asked.tokens} for asked in needs):
            tokens[layer] = x
        if any(numbers & {*asked.qkv} for asked in needs):
            qkvs[layer] = qkv
        readers = [
            of_name[name]
            for asked, of_name in zip(needs, means, strict=True)
            for name, few in asked.attention.items()
            if numbers & {*few}
        ]
        read = _each_head if readers else mean_over_heads if layer in layers else None
        num_queries = 1 if layer == depth - 1 else None
        x, attention = run(block, x, num_queries=num_queries, qkv=qkv, read=read)
        for reader in readers:
            reader.add(attention)
        if layer in layers:
            mean.add(mean_over_heads(attention) if readers else attention)
        del attention, qkv  # the next block needs the memory
    collected = [
        {
            "tokens": {number: tokens[number % depth] for number in asked.tokens},
            "qkv": {number: qkvs[number % depth] for number in asked.qkv},
            "attention": {name: found.value for name, found in of_name.items()},
        }
        for asked, of_name in zip(needs, means, strict=True)
    ]
    return x, mean.value, collected


def _each_head(attention: Tensor) -> Tensor:
    return attention

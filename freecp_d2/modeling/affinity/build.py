"""
The registry and base class of affinity heads, the sources of Eq. (2) compared in Tab. 5, and
CLIP's attention, which the paper chose.

Shapes: N windows, h x w patches of the backbone's grid, P = h * w.
"""

from collections.abc import Collection

from torch import Tensor, nn

from ...d2 import CfgNode, Registry, ShapeSpec, configurable
from ...method import self_affinity, transition_matrix
from ...utils.device import without_autocast
from ..resampling import resample_matrix

AFFINITY_HEAD_REGISTRY = Registry("AFFINITY_HEAD")
AFFINITY_HEAD_REGISTRY.__doc__ = """
Registry for affinity heads, the sources of Eq. (2).

The registered object is called with `obj(cfg, input_shape)` when the model is built and returns an
`AffinityHead`. `input_shape` is the backbone's `output_shape()`, a dict[str, ShapeSpec]:
"patch_tokens" is always there, with channels D and stride, the side of a patch in pixels;
"attention" only if the backbone has any, with channels = its number of layers. A head refuses what
cannot work here, before the first image: a ValueError says which head works with such a backbone,
an ImportError names the extra to install.

A head lists in `attention_layers` which of the backbone's layers it reads. For every batch of
windows of one size, a forward of the model calls the backbone once and the head once (not once per
class): `head(images, features)`.

    images      the windows as RGB pixels, float32 in [0, 255], shape (N, 3, H, W), sides multiples
                of the backbone's patch. Windows at the border of a small image are padded on the
                right and below with the mean colour. Not normalised: each head does its own.
    features    "patch_tokens" (N, D, h, w), float32: (h, w) is the grid of the result,
                (H / patch, W / patch). "attention" (N, 1, 1 + P, 1 + P), float32, class token
                first: the mean over heads and the layers asked for; absent if none were.

`affinity` returns (N, P, P), float32, patches row by row: entry (i, j) is the affinity of patches i
and j, 0 or more on any scale, with no empty row or column. It need not be symmetric or normalised.
`resample` and `resample_matrix` bring other grids to (h, w). `similarity` is optional: it serves
ProxyCLIP, which takes the head as its proxy. `forward` balances the affinity
(`method.transition_matrix`): symmetric, rows and columns sum to one up to Sinkhorn's remainder.

All tensors are on the model's device, and so is the result; the head is a submodule, moved by
`.to`. Everything runs under `no_grad`. MODEL.PRECISION is that of the backbone; a head may run its
own encoder in it and returns float32.
"""


class AffinityHead(nn.Module):
    """Turns windows into transition matrices; a subclass implements `affinity`."""

    attention_layers: Collection[int] = ()
    """Layers of the backbone whose attention the head reads."""

    def __init__(self, *, num_sinkhorn_steps: int = 3, num_squarings: int = 1):
        """See `method.transition_matrix`; raises `ValueError` if one is negative."""
        super().__init__()
        if min(num_sinkhorn_steps, num_squarings) < 0:
            raise ValueError(
                f"MODEL.AFFINITY_HEAD.SINKHORN_STEPS and SQUARINGS are {num_sinkhorn_steps} and "
                f"{num_squarings}; use 0 or more."
            )
        self.num_sinkhorn_steps = num_sinkhorn_steps
        self.num_squarings = num_squarings

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """The affinity of each pair of patches, (N, P, P); see `AFFINITY_HEAD_REGISTRY`."""
        raise NotImplementedError

    def similarity(
        self, images: Tensor, features: dict[str, Tensor]
    ) -> tuple[Tensor, tuple[int, int]]:
        """
        The similarity of patches on a grid of the head's own choice, for ProxyCLIP.

        A head with features of patches returns their cosines, negative ones included. The default
        is the affinity, on the backbone's grid.

        Returns:
            (N, P', P') on any scale, and the grid (h', w').
        """
        h, w = features["patch_tokens"].shape[-2:]
        return self.affinity(images, features), (h, w)

    def regions(self, images: Tensor, grid: tuple[int, int]) -> Tensor:
        """
        The region of each patch of a grid, int64, (N, h * w), for ProxyCLIP's scope.

        A head with masks implements it; see `has_regions`.
        """
        raise NotImplementedError

    @property
    def has_regions(self) -> bool:
        """Whether the head can be the scope of ProxyCLIP."""
        return type(self).regions is not AffinityHead.regions

    def forward(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """
        The transition matrices T of Eq. (3), shape (N, P, P).

        An affinity on the backbone's grid is resampled if "patch_tokens" have another.
        """
        affinity = self.affinity(images, features).float()
        if "patch_tokens" in features:
            h, w = features["patch_tokens"].shape[-2:]
            if affinity.shape[-1] != h * w:
                height, width = images.shape[-2:]
                patch = (height * width / affinity.shape[-1]) ** 0.5
                source = (round(height / patch), round(width / patch))
                affinity = resample_matrix(affinity, source, (h, w))
        balance = without_autocast(transition_matrix)
        return balance(
            affinity, num_sinkhorn_steps=self.num_sinkhorn_steps, num_squarings=self.num_squarings
        )


def balancing_options(cfg: CfgNode) -> dict[str, int]:
    """The arguments of `AffinityHead` that are keys of the config."""
    node = cfg.MODEL.AFFINITY_HEAD
    return {"num_sinkhorn_steps": node.SINKHORN_STEPS, "num_squarings": node.SQUARINGS}


def build_affinity_head(
    cfg: CfgNode, input_shape: dict[str, ShapeSpec], *, weights: bool = True
) -> AffinityHead:
    """
    Build the head that `cfg.MODEL.AFFINITY_HEAD.NAME` names, for a backbone's outputs.

    `weights=False` finds the errors of the config cheaply: a head with a method `without_weights`
    is built by it, and cannot run.
    """
    builder = AFFINITY_HEAD_REGISTRY.get(cfg.MODEL.AFFINITY_HEAD.NAME)
    if not weights:
        builder = getattr(builder, "without_weights", builder)
    return builder(cfg, input_shape)


@AFFINITY_HEAD_REGISTRY.register()
class CLIPAttentionAffinity(AffinityHead):
    """Mean attention of some layers of the backbone, which computes it anyway."""

    @configurable
    def __init__(self, *, attention_layers: Collection[int], **options: int):
        """Layers of the backbone, 0 the first; other options as `AffinityHead`."""
        super().__init__(**options)
        self.attention_layers = frozenset(attention_layers)

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict:
        if "attention" not in input_shape:
            others = sorted(name for name, _ in AFFINITY_HEAD_REGISTRY if name != cls.__name__)
            raise ValueError(
                f'MODEL.AFFINITY_HEAD.NAME="{cls.__name__}" needs self-attention, but '
                f"{cfg.MODEL.BACKBONE.NAME} returns only {sorted(input_shape)}; use the backbone "
                "CLIPViT, or an affinity head with its own encoder, such as DINOAffinity "
                f"(registered: {others})."
            )
        num_layers = input_shape["attention"].channels or 0
        key = "MODEL.AFFINITY_HEAD.CLIP_ATTENTION.LAYERS"
        layers = resolve_layers(cfg.MODEL.AFFINITY_HEAD.CLIP_ATTENTION.LAYERS, num_layers, key)
        return {"attention_layers": layers, **balancing_options(cfg)}

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """Eq. (2) over the layers that the backbone was asked for."""
        return self_affinity(features["attention"])


def resolve_layers(layers: Collection[int], num_layers: int, key: str) -> frozenset[int]:
    """
    The layers of the mean in Eq. (2) as numbers from 0, for a ViT of `num_layers`.

    Negative numbers count from the end; no layers mean all but the last, as in the released
    program. `key` is the config key, for messages.
    """
    if not layers and num_layers < 2:
        raise ValueError(
            f"{key} is empty, which means all layers but the last; a ViT of {num_layers} has none "
            "left. Use [0]."
        )
    outside = [layer for layer in layers if not -num_layers <= layer < num_layers]
    if outside:
        raise ValueError(
            f"{key} asks for {outside}, the ViT has layers 0 to {num_layers - 1} (or "
            f"-{num_layers} to -1)."
        )
    return frozenset(layer % num_layers for layer in layers or range(num_layers - 1))

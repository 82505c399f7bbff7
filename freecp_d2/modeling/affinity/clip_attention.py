"""Affinity that needs no encoder of its own: CLIP's attention, the paper's choice, or features."""

from collections.abc import Collection

from torch import Tensor

from ...d2 import CfgNode, ShapeSpec, configurable
from ...method import self_affinity
from .build import AFFINITY_HEAD_REGISTRY, AffinityHead, balancing_options
from .encoder import check_options, cosine_affinity


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
        layers = resolve_layers(
            cfg.MODEL.AFFINITY_HEAD.CLIP_ATTENTION.LAYERS,
            input_shape["attention"].channels or 0,
            "MODEL.AFFINITY_HEAD.CLIP_ATTENTION.LAYERS",
        )
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


@AFFINITY_HEAD_REGISTRY.register()
class FeatureAffinity(AffinityHead):
    """
    `cosine_affinity` of "patch_tokens": of the features that a wrapped model returns, as
    SAM3Segmentor does, or else of CLIP's tokens. It needs no encoder and no pass of its own.
    """

    @configurable
    def __init__(self, *, power: float = 1.0, **options: int):
        """`power`: see `cosine_affinity`; raises `ValueError` if it is 0 or less."""
        super().__init__(**options)
        check_options("MODEL.AFFINITY_HEAD.FEATURES", power=power)
        self.power = power

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict:
        return {"power": cfg.MODEL.AFFINITY_HEAD.FEATURES.COSINE_POWER, **balancing_options(cfg)}

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """See `AffinityHead.affinity`; symmetric."""
        return cosine_affinity(features["patch_tokens"], self.power)

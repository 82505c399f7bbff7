"""The self-attention of the CLIP image encoder as affinity: the paper's own choice."""

from collections.abc import Collection

from torch import Tensor

from ...d2 import CfgNode, ShapeSpec, configurable
from ...method import self_affinity
from .build import AFFINITY_HEAD_REGISTRY, AffinityHead, balancing_options


@AFFINITY_HEAD_REGISTRY.register()
class CLIPAttentionAffinity(AffinityHead):
    """The mean attention of some layers of the backbone; costs nothing but the reading."""

    @configurable
    def __init__(
        self,
        *,
        attention_layers: Collection[int],
        num_sinkhorn_steps: int = 3,
        num_squarings: int = 1,
    ):
        """
        Args:
            attention_layers: layers of the backbone, 0 the first.
            num_sinkhorn_steps, num_squarings: see `method.transition_matrix`.
        """
        super().__init__(num_sinkhorn_steps=num_sinkhorn_steps, num_squarings=num_squarings)
        self.attention_layers = frozenset(attention_layers)

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict:
        if "attention" not in input_shape:
            others = sorted(name for name, _ in AFFINITY_HEAD_REGISTRY if name != cls.__name__)
            raise ValueError(
                f'MODEL.AFFINITY_HEAD.NAME="{cls.__name__}" needs self-attention, but '
                f"{cfg.MODEL.BACKBONE.NAME} returns only {sorted(input_shape)}; use the backbone "
                "CLIPViT, or an affinity head that brings its own encoder, such as DINOAffinity "
                f"(registered: {others})."
            )
        return {
            "attention_layers": resolve_layers(
                cfg.MODEL.AFFINITY_HEAD.CLIP_ATTENTION.LAYERS,
                input_shape["attention"].channels or 0,
                "MODEL.AFFINITY_HEAD.CLIP_ATTENTION.LAYERS",
            ),
            **balancing_options(cfg),
        }

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """Eq. (2) over the layers that the backbone was asked for."""
        return self_affinity(features["attention"])


def resolve_layers(layers: Collection[int], num_layers: int, key: str) -> frozenset[int]:
    """
    The layers of Eq. (2)'s mean.

    Args:
        layers: layer numbers, negative from the end; empty means all but the last, as the released
            program.
        num_layers: of the ViT.
        key: dotted, for messages.

    Returns:
        frozenset: 0 the first.

    Raises:
        ValueError: a layer that the ViT does not have, or none is left of a ViT of one layer.
    """
    if not layers and num_layers < 2:
        raise ValueError(
            f"{key} is empty, all layers but the last; of a ViT of {num_layers} none is left: use "
            "[0] for the only one."
        )
    if not layers:
        return frozenset(range(num_layers - 1))
    outside = [layer for layer in layers if not -num_layers <= layer < num_layers]
    if outside:
        raise ValueError(
            f"{key} asks for {outside}, the ViT has layers 0 to {num_layers - 1} (or "
            f"-{num_layers} to -1)."
        )
    return frozenset(layer % num_layers for layer in layers)

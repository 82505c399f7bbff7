"""
The interface between the segmentors and an image tower.

Shape shorthand in this module: N windows, T = 1 + h * w tokens (class token first), D embedding.
"""

import inspect
from abc import abstractmethod
from collections.abc import Collection, Hashable

from torch import Tensor

from ...d2 import BACKBONE_REGISTRY, Backbone, CfgNode, ShapeSpec
from .clip_loading import LoadedCLIP


class CLIPBackbone(Backbone):
    """
    A CLIP image encoder that returns a feature for every patch.

    Register subclasses in Detectron2's `BACKBONE_REGISTRY`; they are called with `obj(cfg,
    input_shape)`, and with `clip=`, a `LoadedCLIP` or None, if their `from_config` takes it.
    `output_shape()` lists the outputs of `forward`: "patch_tokens" (D channels, stride
    `patch_size`), "class_token" (D channels) and, if the tower has attention, "attention" (one
    channel a layer). Sides of windows are multiples of `patch_size`; crops have any size.

    Attributes:
        pixel_mean, pixel_std: of the CLIP's own preprocessing, RGB, in [0, 255].
    """

    pixel_mean: tuple[float, ...]
    pixel_std: tuple[float, ...]

    @property
    @abstractmethod
    def patch_size(self) -> int:
        """Side of a patch in pixels."""

    @abstractmethod
    def forward(
        self,
        images: Tensor,
        *,
        attention_layers: Collection[int] = (),
        reduce_attention: bool = True,
    ) -> dict[str, Tensor]:
        """
        Args:
            images: normalised by `pixel_mean` and `pixel_std`, shape (N, 3, H, W).
            attention_layers: layers whose attention is returned; 0 is the first.
            reduce_attention: return the mean over these layers, in the memory of one layer.

        Returns:
            dict[str, Tensor]: all float32.
            "patch_tokens": in the joint space with text, not normalised, (N, D, h, w);
            "class_token": of the unmodified tower, (N, D);
            "attention": averaged over heads, (N, 1 or L, T, T); absent without `attention_layers`.
        """

    @property
    def size_divisibility(self) -> int:
        """Pixels beyond a multiple of this are ignored; pad before."""
        return self.patch_size

    @property
    def encode_image_key(self) -> Hashable:
        """Cache key: backbones with the same key give the same `encode_image` output."""
        return self

    @abstractmethod
    def encode_image(self, images: Tensor) -> Tensor:
        """The class token alone, float32, (N, D), of normalised images (N, 3, H, W)."""


def build_clip_backbone(
    cfg: CfgNode, clip: LoadedCLIP | None = None, *, key: str = "MODEL.BACKBONE.NAME"
) -> CLIPBackbone:
    """
    Build the backbone that `cfg.MODEL.BACKBONE.NAME` names.

    Args:
        cfg: the config.
        clip: the CLIP whose image tower it runs, if it takes one; None: it loads its own.
        key: where the user named the backbone, for the message.

    Raises:
        KeyError: no backbone of that name is registered.
        ValueError: it is no `CLIPBackbone`.
    """
    name = cfg.MODEL.BACKBONE.NAME
    builder = BACKBONE_REGISTRY.get(name)
    parameters = inspect.signature(builder).parameters
    if "cfg" not in parameters and hasattr(builder, "from_config"):  # @configurable
        parameters = inspect.signature(builder.from_config).parameters
    options = {"clip": clip} if "clip" in parameters else {}
    backbone = builder(cfg, ShapeSpec(channels=len(cfg.MODEL.PIXEL_MEAN)), **options)
    if not isinstance(backbone, CLIPBackbone):
        raise ValueError(
            f'{key}="{name}" shares no space with text; use a CLIPBackbone such as CLIPViT.'
        )
    return backbone

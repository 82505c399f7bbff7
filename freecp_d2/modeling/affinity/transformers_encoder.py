"""
Image encoders of the library transformers as affinity: SAM 2 and SAM 3.

Shapes: N windows, C channels, (g, g) the encoder's grid.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...d2 import CfgNode, ShapeSpec, configurable
from ...utils.imports import require_library
from ..inputs import PixelNormalisation
from ..resampling import resample
from .build import AFFINITY_HEAD_REGISTRY
from .encoder import (
    EncoderAffinity,
    backbone_grid,
    cosine_affinity,
    cosines,
    encoder_options,
    grid_without_padding,
    resize_to,
)

_KEY = "MODEL.AFFINITY_HEAD.TRANSFORMERS"


class Encoder(NamedTuple):
    """A class of transformers with a `vision_encoder`, and mean and std of its pixels in [0, 1]."""

    model: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


_SAM2 = Encoder("Sam2Model", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_SAM3 = Encoder("Sam3Model", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))

ENCODERS = {"sam2": _SAM2, "sam2_video": _SAM2, "sam3": _SAM3, "sam3_video": _SAM3}
"""`model_type` in config.json -> encoder. The released files are those of the video models."""

_LEVEL = 2  # of the neck: strides 4, 8 and 16 of SAM 2; 3.5, 7, 14 and 28 of SAM 3


@AFFINITY_HEAD_REGISTRY.register()
class TransformersAffinity(EncoderAffinity):
    """
    Cosines of the neck's features, of stride 16 (SAM 2) or 14 (SAM 3). Not in the paper.

    As in the library's own preprocessing, a window is resized to the square that the encoder was
    trained with, whatever its aspect.
    """

    key = _KEY

    @configurable
    def __init__(
        self,
        *,
        encoder: Any,
        pixel_mean: tuple[float, ...],
        pixel_std: tuple[float, ...],
        **options: Any,
    ):
        """
        Args:
            encoder: the `vision_encoder` of one of the classes of `ENCODERS`.
            pixel_mean, pixel_std: of its preprocessing, RGB, in [0, 255].
            options: see `EncoderAffinity`.
        """
        super().__init__(encoder, **options)
        self.pixels = PixelNormalisation(pixel_mean, pixel_std, "RGB")

    @classmethod
    def from_config(
        cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec], encoder: nn.Module | None = None
    ) -> dict:
        from ...checkpoint.finding import find_folder
        from ...checkpoint.transformers_folders import load_folder, read_model_type

        require_library("transformers", extra="sam2", user=cls.__name__)
        node = cfg.MODEL.AFFINITY_HEAD.TRANSFORMERS
        key, models = f"{_KEY}.PRETRAINED", {name: row.model for name, row in ENCODERS.items()}
        folder = find_folder(key, node.PRETRAINED, "sam2:hiera-base-plus")
        kind = ENCODERS[read_model_type(folder, models, key)]
        if encoder is None:
            encoder = load_folder(folder, models, key, part="vision_encoder.").vision_encoder
        return {
            "encoder": encoder,
            "pixel_mean": tuple(255 * x for x in kind.mean),
            "pixel_std": tuple(255 * x for x in kind.std),
            "power": node.COSINE_POWER,
            **encoder_options(cfg),
        }

    @classmethod
    def without_weights(cls, cfg: CfgNode, input_shape: dict) -> "TransformersAffinity":
        """See `EncoderAffinity.without_weights`; the weights are checked when they are loaded."""
        return cls(cfg, input_shape, encoder=nn.Identity())

    @torch.no_grad()
    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """See `AffinityHead.affinity`; symmetric."""
        return cosine_affinity(self._features(images, backbone_grid(features)), self.power)

    @torch.no_grad()
    def similarity(
        self, images: Tensor, features: dict[str, Tensor]
    ) -> tuple[Tensor, tuple[int, int]]:
        """See `AffinityHead.similarity`; the longer side has the encoder's number of cells."""
        found = self._features(images)
        grid = grid_without_padding(images, found.shape[-1])
        return cosines(resample(found, grid)), grid

    def _features(self, images: Tensor, grid: tuple[int, int] | None = None) -> Tensor:
        """The neck's features, float32, (N, C, *grid); None: the encoder's own grid (g, g)."""
        size = self.encoder.config.backbone_config.image_size
        resized = resize_to(images, (size, size) if isinstance(size, int) else tuple(size))
        with self.autocast(images.device):
            found = self.encoder(self.pixels(resized)).fpn_hidden_states[_LEVEL].float()
        return found if grid is None else resample(found, grid)

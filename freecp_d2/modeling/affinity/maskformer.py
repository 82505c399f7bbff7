"""MaskFormer, Mask2Former and EoMT as affinity: patches in the same masks are affine."""

import logging
import os
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import CfgNode, ShapeSpec, configurable
from ...utils.imports import require_library
from ..inputs import PixelNormalisation
from ..resampling import resample
from .build import AFFINITY_HEAD_REGISTRY, balancing_options
from .encoder import (
    EncoderAffinity,
    backbone_grid,
    mask_affinity,
    region_labels,
    resize,
    resize_to,
)

MODELS = {
    "maskformer": "MaskFormerForInstanceSegmentation",
    "mask2former": "Mask2FormerForUniversalSegmentation",
    "eomt": "EomtForUniversalSegmentation",
}
"""model_type in config.json -> class of `transformers`."""

_KEY = "MODEL.AFFINITY_HEAD.MASKFORMER"
_STRIDE = 32
"""Stride of the encoders; the models' own preprocessing rounds inputs to it too."""

_EOMT_SIZE = 640  # of transformers' EomtConfig, whose defaults are not always stored

_COMPUTED = ("relative_position_index", "criterion.empty_weight")
"""Entries computed from the config; only some versions of the library store them."""

_IMAGENET = {"image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225)}

logger = logging.getLogger(__name__)


@AFFINITY_HEAD_REGISTRY.register()
class MaskFormerAffinity(EncoderAffinity):
    """
    Tab. 5, "MaskFormer": `mask_affinity` of the queries' sigmoid masks with the scores 1 - p(no
    object). Class names are not used. `transformers` runs it, in float32.
    """

    key = _KEY

    @configurable
    def __init__(
        self,
        *,
        encoder: Any,
        pixel_mean: tuple[float, ...],
        pixel_std: tuple[float, ...],
        fixed_size: int = 0,
        **options: Any,
    ):
        """
        Args:
            encoder: one of the classes of `MODELS`.
            pixel_mean, pixel_std: of its preprocessing, RGB, in [0, 255].
            fixed_size: both sides of the only input that the model reads (EoMT); 0: any.
            options: see `EncoderAffinity`; there is no `input_size` with a fixed size.

        Raises:
            ValueError: an input size out of range, or one for a model with a fixed size.
        """
        super().__init__(encoder, **options)
        if fixed_size and self.input_size:
            raise ValueError(
                f"{_KEY}.INPUT_SIZE is {self.input_size}, but this EoMT reads {fixed_size} x "
                f"{fixed_size} pixels only; use 0."
            )
        self.fixed_size = fixed_size
        self.pixels = PixelNormalisation(pixel_mean, pixel_std, "RGB")

    @classmethod
    def from_config(
        cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec], encoder: nn.Module | None = None
    ) -> dict:
        from ...checkpoint.finding import find_folder
        from ...checkpoint.transformers_folders import read_json, read_model_type

        for library in ("transformers", "scipy"):  # transformers needs scipy for these models
            require_library(library, extra="maskformer", user=cls.__name__)
        node = cfg.MODEL.AFFINITY_HEAD.MASKFORMER
        folder = find_folder(f"{_KEY}.PRETRAINED", node.PRETRAINED, "maskformer:swin-base-coco")
        mean, std = read_pixel_statistics(folder)
        is_eomt = read_model_type(folder, MODELS, f"{_KEY}.PRETRAINED") == "eomt"
        config = read_json(folder, "config.json", f"{_KEY}.PRETRAINED")
        return {
            "encoder": encoder or load_maskformer(folder),
            "pixel_mean": mean,
            "pixel_std": std,
            "input_size": node.INPUT_SIZE,
            "fixed_size": config.get("image_size", _EOMT_SIZE) if is_eomt else 0,
            **balancing_options(cfg),
        }

    @classmethod
    def without_weights(cls, cfg: CfgNode, input_shape: dict) -> "MaskFormerAffinity":
        """See `EncoderAffinity.without_weights`; the weights are checked when they are loaded."""
        return cls(cfg, input_shape, encoder=nn.Identity())

    @torch.no_grad()
    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """See `AffinityHead.affinity`; symmetric."""
        return mask_affinity(*self._masks(images, backbone_grid(features)))

    @torch.no_grad()
    def regions(self, images: Tensor, grid: tuple[int, int]) -> Tensor:
        """See `AffinityHead.regions`."""
        return region_labels(*self._masks(images, grid))

    def _masks(self, images: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """The queries' masks, (N, Q, *grid), and scores, (N, Q), in [0, 1]."""
        if self.fixed_size:
            resized = resize_to(images, (self.fixed_size, self.fixed_size))
        else:
            # The pixel decoder cannot normalise over a single cell, so a side has two at least.
            resized = resize(images, self.input_size, _STRIDE, at_least=2)
        found = self.encoder(pixel_values=self.pixels(resized))
        scores = 1 - found.class_queries_logits.softmax(dim=-1)[..., -1]
        return resample(found.masks_queries_logits.sigmoid(), grid), scores


def load_maskformer(folder: str) -> Any:
    """Load one of `MODELS`, see `load_folder`."""
    from ...checkpoint.transformers_folders import load_folder

    return load_folder(folder, MODELS, f"{_KEY}.PRETRAINED", computed=_COMPUTED)


def read_pixel_statistics(folder: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and std of preprocessor_config.json, RGB, in [0, 255]; ImageNet's without that file."""
    from ...checkpoint.transformers_folders import read_json

    values: dict = dict(_IMAGENET)
    if os.path.exists(os.path.join(folder, "preprocessor_config.json")):
        values |= read_json(folder, "preprocessor_config.json", f"{_KEY}.PRETRAINED")
    else:
        logger.warning("%s has no preprocessor_config.json; using ImageNet's mean and std.", folder)
    scale = values.get("rescale_factor", 1 / 255)
    mean, std = (tuple(v / scale for v in values[key]) for key in ("image_mean", "image_std"))
    return mean, std

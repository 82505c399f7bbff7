"""MaskFormer and Mask2Former as affinity: patches in the same masks are affine."""

import json
import logging
import os
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import CfgNode, ShapeSpec, configurable
from ..inputs import PixelNormalisation
from ..resampling import resample
from .build import AFFINITY_HEAD_REGISTRY, balancing_options
from .encoder import (
    EncoderAffinity,
    backbone_grid,
    check_options,
    find_folder,
    mask_affinity,
    refuse_misfits,
    require_library,
    resize,
)

MODELS = {
    "maskformer": "MaskFormerForInstanceSegmentation",
    "mask2former": "Mask2FormerForUniversalSegmentation",
}
"""model_type in config.json -> class of `transformers`."""

_KEY = "MODEL.AFFINITY_HEAD.MASKFORMER"
_STRIDE = 32
"""Stride of the encoders; the models' own preprocessing rounds inputs to it too."""

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

    encoder: Any  # a model of transformers; the library is optional

    @configurable
    def __init__(
        self,
        *,
        encoder: Any,
        pixel_mean: tuple[float, ...],
        pixel_std: tuple[float, ...],
        input_size: int = 0,
        **options: Any,
    ):
        """
        Args:
            encoder: one of the classes of `MODELS`.
            pixel_mean, pixel_std: of its preprocessing, RGB, in [0, 255].
            input_size: shorter side in pixels to which windows are resized; 0: their own.
        """
        super().__init__(encoder, **options)
        check_options(_KEY, input_size=input_size)
        self.input_size = input_size
        self.pixels = PixelNormalisation(pixel_mean, pixel_std, "RGB")

    @classmethod
    def from_config(
        cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec], encoder: nn.Module | None = None
    ) -> dict:
        for library in ("transformers", "scipy"):  # transformers needs scipy for these models
            require_library(library, extra="maskformer", head=cls.__name__)
        node = cfg.MODEL.AFFINITY_HEAD.MASKFORMER
        folder = find_folder(f"{_KEY}.PRETRAINED", node.PRETRAINED, "maskformer:swin-base-coco")
        mean, std = read_pixel_statistics(folder)
        read_model_type(folder)
        return {
            "encoder": encoder or load_maskformer(folder),
            "pixel_mean": mean,
            "pixel_std": std,
            "input_size": node.INPUT_SIZE,
            **balancing_options(cfg),
        }

    @classmethod
    def without_weights(cls, cfg: CfgNode, input_shape: dict) -> "MaskFormerAffinity":
        """See `EncoderAffinity.without_weights`; the weights are checked when they are loaded."""
        return cls(cfg, input_shape, encoder=nn.Identity())

    @torch.no_grad()
    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """See `AffinityHead.affinity`; symmetric."""
        # The pixel decoder cannot normalise over a single cell, so a side has two at least.
        resized = resize(images, self.input_size, _STRIDE, at_least=2)
        found = self.encoder(pixel_values=self.pixels(resized))
        scores = 1 - found.class_queries_logits.softmax(dim=-1)[..., -1]
        masks = found.masks_queries_logits.sigmoid()
        return mask_affinity(resample(masks, backbone_grid(features)), scores)


def read_model_type(folder: str) -> str:
    """Which of `MODELS` a folder holds; others raise `ValueError`."""
    model_type = _read_json(folder, "config.json").get("model_type")
    if model_type not in MODELS:
        raise ValueError(
            f'{folder}/config.json has the model_type "{model_type}", expected one of {[*MODELS]}; '
            f"change {_KEY}.PRETRAINED."
        )
    return model_type


def load_maskformer(folder: str) -> Any:
    """
    Load a folder with config.json and model.safetensors or pytorch_model.bin (never executed).

    Raises:
        ValueError: another kind of model, or weights of another config.
        FileNotFoundError: no config.json.
    """
    model_type = read_model_type(folder)
    import transformers

    try:
        model, report = getattr(transformers, MODELS[model_type]).from_pretrained(
            folder,
            local_files_only=True,
            output_loading_info=True,
            weights_only=True,
            ignore_mismatched_sizes=True,  # they are in the report, which is refused below
        )
    except Exception as error:  # not documented for other files
        raise ValueError(
            f"{folder} holds no {model_type} that transformers can load ({type(error).__name__}: "
            f"{error}); give a folder with config.json and model.safetensors in {_KEY}.PRETRAINED."
        ) from error
    refuse_misfits(
        folder,
        [key for key in report["missing_keys"] if not key.endswith(_COMPUTED)],
        [key for key in report["unexpected_keys"] if not key.endswith(_COMPUTED)],
        [str(key) for key in report["mismatched_keys"]],
        f"the weights are not those of its config.json; change {_KEY}.PRETRAINED.",
    )
    return model


def read_pixel_statistics(folder: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and std of preprocessor_config.json, RGB, in [0, 255]; ImageNet's without that file."""
    values: dict = dict(_IMAGENET)
    if os.path.exists(os.path.join(folder, "preprocessor_config.json")):
        values |= _read_json(folder, "preprocessor_config.json")
    else:
        logger.warning("%s has no preprocessor_config.json; using ImageNet's mean and std.", folder)
    scale = values.get("rescale_factor", 1 / 255)
    mean, std = (tuple(v / scale for v in values[key]) for key in ("image_mean", "image_std"))
    return mean, std


def _read_json(folder: str, name: str) -> dict:
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"{folder} has no {name}; {_KEY}.PRETRAINED takes a folder with config.json and "
            "model.safetensors, as on the hub, or a hub name."
        )
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}); get it from the hub again.") from error
    return content if isinstance(content, dict) else {}

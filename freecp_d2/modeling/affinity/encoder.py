"""
Affinity by features and by masks, and the base class of heads with an image encoder of their own.

Shapes: N windows, C channels, Q masks; (h, w) the grid of the backbone's patches, P = h * w;
(h', w') another grid, P' = h' * w'.
"""

from contextlib import AbstractContextManager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...d2 import CfgNode, ShapeSpec, configurable
from ...utils.device import autocast, dtype_of, precision_for
from .build import AFFINITY_HEAD_REGISTRY, AffinityHead, balancing_options

MIN_AFFINITY = 1e-6
"""Lowest affinity by features, so that no row is empty, not even that of a zero feature."""


class EncoderAffinity(AffinityHead):
    """
    An affinity head with a frozen image encoder, always in evaluation mode.

    Weights are float32. A lower precision runs under `torch.autocast`, which keeps norms and
    softmax in float32.
    """

    key: str = "MODEL.AFFINITY_HEAD"
    """The config group of the head, for messages."""

    def __init__(
        self,
        encoder: nn.Module,
        *,
        precision: str = "fp32",
        input_size: int = 0,
        power: float = 1.0,
        **options: int,
    ):
        """
        Args:
            precision: of the encoder's forward: fp32 | fp16 | bf16.
            input_size: shorter side in pixels to which windows are resized; 0: their own.
            power: of features, see `cosine_affinity`; both only of heads that read them.

        Raises:
            ValueError: an unknown precision; a size or power out of range.
        """
        super().__init__(**options)
        if input_size < 0:
            raise ValueError(f"{self.key}.INPUT_SIZE is {input_size}; use 0 or more pixels.")
        check_power(self.key, power)
        self.encoder: Any = encoder.float().requires_grad_(False)
        self.dtype = dtype_of(precision)
        self.input_size, self.power = input_size, power
        self.train(self.training)

    @classmethod
    def without_weights(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> "EncoderAffinity":
        """Find errors of config and files by building the head on the meta device."""
        build: Any = cls  # subclasses are configurable
        with torch.device("meta"):
            return build(cfg, input_shape)

    def train(self, mode: bool = True) -> "EncoderAffinity":
        """As `nn.Module.train`, except for the encoder."""
        super().train(mode)
        self.encoder.eval()
        return self

    def autocast(self, device: torch.device) -> AbstractContextManager:
        """The context of the encoder's forward."""
        return autocast(device, self.dtype)


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
        check_power("MODEL.AFFINITY_HEAD.FEATURES", power)
        self.power = power

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict:
        return {"power": cfg.MODEL.AFFINITY_HEAD.FEATURES.COSINE_POWER, **balancing_options(cfg)}

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """See `AffinityHead.affinity`; symmetric."""
        return cosine_affinity(features["patch_tokens"], self.power)


def encoder_options(cfg: CfgNode) -> dict[str, Any]:
    """The arguments of `EncoderAffinity` that are keys for all heads."""
    precision = precision_for(cfg.MODEL.PRECISION, cfg.MODEL.DEVICE)
    return {"precision": precision, **balancing_options(cfg)}


def check_power(group: str, power: float) -> None:
    """Raise `ValueError` if COSINE_POWER of a config group is out of range."""
    if power <= 0:
        raise ValueError(f"{group}.COSINE_POWER is {power}; use more than 0, 1.0 for the cosine.")


def backbone_grid(features: dict[str, Tensor]) -> tuple[int, int]:
    """(h, w) of the backbone's patches."""
    h, w = features["patch_tokens"].shape[-2:]
    return h, w


def grid_without_padding(images: Tensor, cells: float) -> tuple[int, int]:
    """The grid of windows (N, 3, H, W) whose longer side has a number of cells."""
    height, width = images.shape[-2:]
    longer = max(height, width)
    return round(cells * height / longer), round(cells * width / longer)


def resize(images: Tensor, shorter_side: int, multiple: int, at_least: int = 1) -> Tensor:
    """
    Resize windows (N, 3, H, W) to a shorter side in pixels, 0: their own.

    Both sides are rounded to the nearest `multiple`, but to `at_least` of them.
    """
    window = (images.shape[-2], images.shape[-1])
    scale = shorter_side / min(window) if shorter_side else 1.0
    height, width = (max(at_least, round(side * scale / multiple)) * multiple for side in window)
    return resize_to(images, (height, width))


def resize_to(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, antialiased: (N, 3, H, W) -> (N, 3, *size); unchanged if it has that size."""
    if images.shape[-2:] == size:
        return images
    return F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True)


def cosines(features: Tensor) -> Tensor:
    """cos(f_i, f_j): features (N, C, h, w) -> float32 (N, P, P)."""
    tokens = F.normalize(features.float().flatten(2), dim=1)
    return tokens.mT @ tokens


def cosine_affinity(features: Tensor, power: float = 1.0) -> Tensor:
    """
    max(cos(f_i, f_j), 0) ^ power, but at least `MIN_AFFINITY`.

    Features (N, C, h, w) -> float32 (N, P, P), symmetric, 1 on the diagonal. With a power above 1
    the nearest patches count for more.
    """
    return cosines(features).clamp(min=0).pow(power).clamp(min=MIN_AFFINITY)


def mask_affinity(masks: Tensor, scores: Tensor) -> Tensor:
    """
    sum_q s_q m_q(i) m_q(j), plus on the diagonal the share of the patch that is in no mask.

    That share, prod_q (1 - s_q m_q(i)), gives a patch outside all masks the row of the identity
    instead of an empty one, and keeps the normalisation from amplifying traces of masks.

    Args:
        masks: m_q, the share of each patch in mask q, in [0, 1], shape (N, Q, h, w).
        scores: s_q, the confidence of a mask, in [0, 1], shape (N, Q); Q may be 0.

    Returns:
        Tensor: symmetric, float32, shape (N, P, P).
    """
    flat, weights = masks.float().flatten(2), scores.float().unsqueeze(-1)
    unclaimed = (1 - weights * flat).clamp(min=0).prod(dim=1)
    weighted = weights.sqrt() * flat
    return weighted.mT @ weighted + torch.diag_embed(unclaimed)


def region_labels(masks: Tensor, scores: Tensor) -> Tensor:
    """
    The mask that claims a patch most, argmax_q s_q m_q(i); Q where no mask claims half of it.

    Masks and scores as of `mask_affinity`; the result is int64, (N, P).
    """
    claims = scores.float().unsqueeze(-1) * masks.float().flatten(2)
    unclaimed = claims.new_full((len(claims), 1, claims.shape[2]), 0.5)
    return torch.cat([claims, unclaimed], dim=1).argmax(dim=1)

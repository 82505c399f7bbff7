"""
Base class and tensor functions of affinity heads with an image encoder of their own.

Shapes: N windows, C channels, Q masks; (h, w) the grid of the backbone's patches, P = h * w;
(h', w') another grid, P' = h' * w'.
"""

from contextlib import AbstractContextManager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...d2 import CfgNode, ShapeSpec
from ...utils.device import PRECISIONS, autocast
from .build import AffinityHead

MIN_AFFINITY = 1e-6
"""Lowest affinity by features, so that no row is empty, not even that of a zero feature."""


class EncoderAffinity(AffinityHead):
    """
    An affinity head with a frozen image encoder, always in evaluation mode.

    Weights are float32. A lower precision runs under `torch.autocast`, which keeps norms and
    softmax in float32.
    """

    def __init__(self, encoder: nn.Module, *, precision: str = "fp32", **options: int):
        """`precision` of the encoder's forward: fp32 | fp16 | bf16; others raise `ValueError`."""
        super().__init__(**options)
        if precision not in PRECISIONS:
            raise ValueError(
                f'MODEL.PRECISION="{precision}" is unknown; use one of {[*PRECISIONS]}.'
            )
        self.encoder = encoder.float().requires_grad_(False)
        self.dtype = PRECISIONS[precision]
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


def check_options(group: str, *, input_size: int = 0, power: float = 1.0) -> None:
    """Raise `ValueError` if INPUT_SIZE or COSINE_POWER of a config group is out of range."""
    if input_size < 0:
        raise ValueError(f"{group}.INPUT_SIZE is {input_size}; use 0 or more pixels.")
    if power <= 0:
        raise ValueError(f"{group}.COSINE_POWER is {power}; use more than 0, 1.0 for the cosine.")


def backbone_grid(features: dict[str, Tensor]) -> tuple[int, int]:
    """(h, w) of the backbone's patches."""
    h, w = features["patch_tokens"].shape[-2:]
    return h, w


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

    Args:
        masks, scores: as of `mask_affinity`.

    Returns:
        Tensor: int64, shape (N, P).
    """
    claims = scores.float().unsqueeze(-1) * masks.float().flatten(2)
    unclaimed = claims.new_full((len(claims), 1, claims.shape[2]), 0.5)
    return torch.cat([claims, unclaimed], dim=1).argmax(dim=1)

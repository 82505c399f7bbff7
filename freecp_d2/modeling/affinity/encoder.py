"""
What affinity heads with an image encoder of their own have in common.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...d2 import CfgNode, ShapeSpec
from ..backbone.clip_loading import PRECISIONS
from .build import AffinityHead


class EncoderAffinity(AffinityHead):
    """
    An affinity head that looks at the pixels itself, with a frozen encoder.

    The encoder stays in evaluation mode whatever the model around it does. Weights are float32;
    in a lower precision it runs under `torch.autocast`, which keeps norms and softmax in float32.
    """

    def __init__(
        self,
        encoder: nn.Module,
        *,
        precision: str = "fp32",
        num_sinkhorn_steps: int = 3,
        num_squarings: int = 1,
    ):
        """
        Args:
            encoder: with weights.
            precision: fp32 | fp16 | bf16, of the encoder's forward.
            num_sinkhorn_steps, num_squarings: see `method.transition_matrix`.

        Raises:
            ValueError: unknown `precision`.
        """
        super().__init__(num_sinkhorn_steps=num_sinkhorn_steps, num_squarings=num_squarings)
        if precision not in PRECISIONS:
            raise ValueError(
                f'MODEL.PRECISION="{precision}" is unknown; use one of {[*PRECISIONS]}.'
            )
        self.encoder = encoder.float().requires_grad_(False)
        self.dtype = PRECISIONS[precision]
        self.train(self.training)

    @classmethod
    def without_weights(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> "EncoderAffinity":
        """
        Build the head on the meta device, which allocates no weights: finds the errors of a config,
        missing files and weights that do not fit included.
        """
        build: Any = cls  # subclasses are configurable
        with torch.device("meta"):
            return build(cfg, input_shape)

    def train(self, mode: bool = True) -> "EncoderAffinity":
        """As `nn.Module.train`, but for the encoder."""
        super().train(mode)
        self.encoder.eval()
        return self

    def autocast(self, device: torch.device) -> torch.autocast:
        """The context that the encoder's forward belongs in."""
        return torch.autocast(device.type, self.dtype, enabled=self.dtype != torch.float32)


def backbone_grid(features: dict[str, Tensor]) -> tuple[int, int]:
    """(h, w) of the backbone's patches."""
    h, w = features["patch_tokens"].shape[-2:]
    return h, w


def check_options(group: str, *, input_size: int = 0, power: float = 1.0) -> None:
    """
    Raises:
        ValueError: INPUT_SIZE or COSINE_POWER of a config group is out of range.
    """
    if input_size < 0:
        raise ValueError(f"{group}.INPUT_SIZE is {input_size}; use 0 or more pixels.")
    if power <= 0:
        raise ValueError(f"{group}.COSINE_POWER is {power}; use more than 0, 1.0 for the cosine.")


def fitting_size(
    size: tuple[int, int], shorter_side: int, multiple: int, at_least: int = 1
) -> tuple[int, int]:
    """
    The size at which an encoder sees a window.

    Args:
        size: (H, W) of the window.
        shorter_side: wanted, in pixels; 0: that of the window.
        multiple: both sides are rounded to the nearest multiple of this.
        at_least: how many of them a side has.

    Returns:
        tuple: (height, width); the aspect changes by the rounding.
    """
    scale = shorter_side / min(size) if shorter_side else 1.0
    height, width = (max(at_least, round(side * scale / multiple)) * multiple for side in size)
    return height, width


def resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, antialiased: (N, 3, H, W) -> (N, 3, *size); as it is if it has that size."""
    if images.shape[-2:] == size:
        return images
    return F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True)

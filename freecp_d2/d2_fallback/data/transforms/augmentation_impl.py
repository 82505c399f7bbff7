"""
Resizing augmentations.

Counterpart of `detectron2/data/transforms/augmentation_impl.py`. Leaves out: everything random
except the choice of the shorter side; `RandomFlip` and `RandomCrop` raise.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from fvcore.transforms.transform import NoOpTransform, Transform
from PIL import Image

from ...utils.develop import absent
from .augmentation import Augmentation
from .transform import ResizeTransform

__all__ = ["RandomCrop", "RandomFlip", "Resize", "ResizeShortestEdge"]

RandomFlip = absent("RandomFlip")
RandomCrop = absent("RandomCrop")


class Resize(Augmentation):
    """Resize to a fixed size."""

    shape: tuple[int, int]
    interp: int

    def __init__(self, shape: int | Sequence[int], interp: int = Image.Resampling.BILINEAR) -> None:
        """
        Args:
            shape: (height, width), or one number for both.
            interp: a Pillow filter.
        """
        shape = (shape, shape) if isinstance(shape, int) else tuple(shape)
        self._init(locals())

    def get_transform(self, image: np.ndarray) -> Transform:
        """Choose the transform; see `Augmentation`."""
        h, w = image.shape[:2]
        return ResizeTransform(h, w, self.shape[0], self.shape[1], self.interp)


class ResizeShortestEdge(Augmentation):
    """
    Bring the shorter side to a length, the longer in proportion.

    Where the longer side would exceed `max_size`, that becomes its length instead.
    """

    short_edge_length: Sequence[int]
    max_size: int
    is_range: bool
    interp: int

    # TorchScript compiles the whole class to get at get_output_shape; these two it must skip, and
    # it would compile the classes in their annotations, hence Any.
    @torch.jit.unused
    def __init__(
        self,
        short_edge_length: int | Sequence[int],
        max_size: int = sys.maxsize,
        sample_style: str = "range",
        interp: int = Image.Resampling.BILINEAR,
    ) -> None:
        """
        Args:
            short_edge_length: pixels; one number, or [shortest, longest] to draw from for "range",
                or the lengths to choose from for "choice". A length of 0 means: do not resize.
            max_size: pixels the longer side may not exceed.
            sample_style: "range" or "choice".
            interp: a Pillow filter.
        """
        super().__init__()
        assert sample_style in ("range", "choice"), f"{sample_style!r} is not 'range' or 'choice'."
        is_range = sample_style == "range"
        if isinstance(short_edge_length, int):
            short_edge_length = (short_edge_length, short_edge_length)
        assert not is_range or len(short_edge_length) == 2, (
            f"sample_style='range' needs two lengths, got {short_edge_length}."
        )
        self._init(locals())

    @torch.jit.unused
    def get_transform(self, image: Any) -> Any:
        """Choose the transform; see `Augmentation`."""
        h, w = image.shape[:2]
        if self.is_range:
            low, high = self.short_edge_length
            size = int(np.random.randint(low, high + 1))
        else:
            size = int(np.random.choice(self.short_edge_length))
        if size == 0:
            return NoOpTransform()
        new_h, new_w = ResizeShortestEdge.get_output_shape(h, w, size, self.max_size)
        return ResizeTransform(h, w, new_h, new_w, self.interp)

    @staticmethod
    def get_output_shape(
        oldh: int, oldw: int, short_edge_length: int, max_size: int
    ) -> tuple[int, int]:
        """
        The size after resizing. Can be compiled by TorchScript.

        Args:
            oldh, oldw: size before, in pixels.
            short_edge_length: length of the shorter side.
            max_size: the longer side may not exceed it.

        Returns:
            tuple: (height, width), rounded half up.
        """
        # Same order of operations as Detectron2, because a last bit can move the rounding.
        size = short_edge_length * 1.0
        scale = size / min(oldh, oldw)
        if oldh < oldw:
            newh, neww = size, scale * oldw
        else:
            newh, neww = scale * oldh, size
        if max(newh, neww) > max_size:
            scale = max_size * 1.0 / max(newh, neww)
            newh = newh * scale
            neww = neww * scale
        return (int(newh + 0.5), int(neww + 0.5))

"""
The transform and the augmentations for resizing.

Counterpart of `detectron2/data/transforms/transform.py` and `augmentation_impl.py`. Leaves out:
extent, rotation, colour and Pillow transforms, rotated boxes, and all other augmentations.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from fvcore.transforms.transform import NoOpTransform, Transform
from PIL import Image
from torch.nn import functional as F

from .augmentation import Augmentation

_TORCH_MODES = {
    Image.Resampling.NEAREST: "nearest",
    Image.Resampling.BILINEAR: "bilinear",
    Image.Resampling.BICUBIC: "bicubic",
}


class ResizeTransform(Transform):
    """
    Resize to a fixed size; labels by nearest neighbour.

    uint8 images are resized by Pillow, which antialiases (unlike OpenCV), other types by torch
    without antialiasing.
    """

    h: int
    w: int
    new_h: int
    new_w: int
    interp: int

    def __init__(self, h: int, w: int, new_h: int, new_w: int, interp: int | None = None) -> None:
        """`interp` is a Pillow filter; None: bilinear."""
        super().__init__()
        if interp is None:
            interp = Image.Resampling.BILINEAR
        self._set_attributes(locals())

    def apply_image(self, img: np.ndarray, interp: int | None = None) -> np.ndarray:
        """Resize an image (h, w) or (h, w, c), or floats (h, w, c, n), and keep its type."""
        assert img.shape[:2] == (self.h, self.w), f"{img.shape[:2]} is not {(self.h, self.w)}."
        method = self.interp if interp is None else interp
        if img.dtype == np.uint8:
            return self._resize_pillow(img, method)
        return self._resize_torch(img, method)

    def _resize_pillow(self, img: np.ndarray, method: int) -> np.ndarray:
        one_channel = img.ndim == 3 and img.shape[2] == 1  # Pillow wants (h, w) for grey
        image = Image.fromarray(img[:, :, 0] if one_channel else img)
        out = np.asarray(image.resize((self.new_w, self.new_h), Image.Resampling(method)))
        return out[:, :, None] if one_channel else out

    def _resize_torch(self, img: np.ndarray, method: int) -> np.ndarray:
        mode = _TORCH_MODES[Image.Resampling(method)]
        align_corners = None if mode == "nearest" else False
        trailing = img.shape[2:]
        # torch takes no negative strides, which a flipped view has.
        pixels = torch.from_numpy(np.ascontiguousarray(img)).reshape(1, self.h, self.w, -1)
        pixels = F.interpolate(
            pixels.permute(0, 3, 1, 2),
            (self.new_h, self.new_w),
            mode=mode,
            align_corners=align_corners,
        )
        return pixels[0].permute(1, 2, 0).reshape(self.new_h, self.new_w, *trailing).numpy()

    def apply_coords(self, coords: np.ndarray) -> np.ndarray:
        """Scale points (x, y), shape (n, 2), in place; returns them."""
        coords[:, 0] = coords[:, 0] * (self.new_w * 1.0 / self.w)
        coords[:, 1] = coords[:, 1] * (self.new_h * 1.0 / self.h)
        return coords

    def apply_segmentation(self, segmentation: np.ndarray) -> np.ndarray:
        return self.apply_image(segmentation, interp=Image.Resampling.NEAREST)

    def inverse(self) -> Transform:
        """The resize to the original size."""
        return ResizeTransform(self.new_h, self.new_w, self.h, self.w, self.interp)


class ResizeShortestEdge(Augmentation):
    """
    Resize the shorter side to a given length and keep the aspect ratio.

    If the longer side would exceed `max_size`, it gets that length instead.
    """

    short_edge_length: Sequence[int]
    max_size: int
    is_range: bool
    interp: int

    # TorchScript compiles the class for get_output_shape. It must skip these two methods, and it
    # would compile the classes in their annotations, hence Any.
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
            short_edge_length: pixels; one number, [shortest, longest] for "range", or the lengths
                for "choice". 0: no resizing.
            max_size: pixels, the maximum of the longer side.
            sample_style: "range" or "choice".
            interp: a Pillow filter.
        """
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
        """The (height, width) after resizing, rounded half up. TorchScript can compile it."""
        # The same order of operations as in Detectron2, because the last bit affects the rounding.
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

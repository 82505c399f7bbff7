"""
ResizeTransform.

Counterpart of `detectron2/data/transforms/transform.py`. Leaves out: extent, rotation, colour and
Pillow colour transforms, and the handlers of rotated boxes.
"""

from __future__ import annotations

import numpy as np
import torch
from fvcore.transforms.transform import Transform
from PIL import Image
from torch.nn import functional as F

__all__ = ["ResizeTransform"]

_TORCH_MODES = {
    Image.Resampling.NEAREST: "nearest",
    Image.Resampling.BILINEAR: "bilinear",
    Image.Resampling.BICUBIC: "bicubic",
}


class ResizeTransform(Transform):
    """
    Resize to a fixed size; labels by nearest neighbour.

    uint8 goes through Pillow, whose filters widen with the reduction (antialiased, unlike
    OpenCV's); other types through torch, which does not antialias.
    """

    h: int
    w: int
    new_h: int
    new_w: int
    interp: int

    def __init__(self, h: int, w: int, new_h: int, new_w: int, interp: int | None = None) -> None:
        """
        Args:
            h, w: size of the image to come.
            new_h, new_w: size to make it.
            interp: a Pillow filter (`Image.BILINEAR`), which is also the default.
        """
        super().__init__()
        if interp is None:
            interp = Image.Resampling.BILINEAR
        self._set_attributes(locals())

    def apply_image(self, img: np.ndarray, interp: int | None = None) -> np.ndarray:
        """
        Resize an image.

        Args:
            img: shape (h, w) or (h, w, c), uint8 or floating point; (h, w, c, n) only floating
            point. interp: overrides the filter.

        Returns:
            ndarray: shape (new_h, new_w, ...), same type.
        """
        assert img.shape[:2] == (self.h, self.w), f"{img.shape[:2]} is not {(self.h, self.w)}."
        assert img.ndim <= 4, f"An image has 2 to 4 dimensions, got {img.shape}."
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
        """Scale points, shape (n, 2) as (x, y), in place; returns them."""
        coords[:, 0] = coords[:, 0] * (self.new_w * 1.0 / self.w)
        coords[:, 1] = coords[:, 1] * (self.new_h * 1.0 / self.h)
        return coords

    def apply_segmentation(self, segmentation: np.ndarray) -> np.ndarray:
        """Resize a label map by nearest neighbour."""
        return self.apply_image(segmentation, interp=Image.Resampling.NEAREST)

    def inverse(self) -> Transform:
        """The resize back to the first size (pixels lost are not regained)."""
        return ResizeTransform(self.new_h, self.new_w, self.h, self.w, self.interp)

"""
The pixels that affinity heads and the crops of Eq. (8) see of an image of another model.

Shape shorthand in this module: N windows, H x W pixels, h x w patches, D embedding.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...d2 import ShapeSpec
from ..affinity import AffinityHead
from ..backbone import CLIPBackbone
from ..pixels import PixelNormalisation

_MOST_OBLONG = 4
"""A side has at most this many times SIZE pixels."""


class ImageGrid(nn.Module):
    """
    Resizes images to one number of pixels, lays windows of whole patches over them, and encodes
    the windows with a CLIP, if there is one.
    """

    def __init__(
        self,
        *,
        clip: CLIPBackbone | None,
        stride: int,
        size: int,
        window_size: int,
        window_stride: int,
        input_format: str,
    ):
        """
        Args:
            clip: encodes the windows; its patches are those of the grid.
            stride: side of a patch in pixels without a `clip`.
            size: images are resized to `size` x `size` pixels in all, their aspect kept.
            window_size, window_stride: in pixels, rounded down to whole patches, at least one.
            input_format: "RGB" or "BGR", the channel order of the images.

        Raises:
            ValueError: a size that is not positive or less than a patch; a stride that leaves gaps.
        """
        super().__init__()
        self.clip = clip
        self.patch_size = stride if clip is None else clip.patch_size
        sizes = (self.patch_size, size, window_size, window_stride)
        if min(sizes) < 1 or min(size, window_size) < self.patch_size:
            raise ValueError(
                f"Patch, MODEL.PURIFIED.SIZE, MODEL.SLIDING_WINDOW.SIZE and STRIDE are {sizes} "
                "pixels; all must be positive, both sizes at least one patch."
            )
        if window_stride > window_size:
            raise ValueError(
                f"MODEL.SLIDING_WINDOW.STRIDE {window_stride} leaves gaps between windows of SIZE "
                f"{window_size}; make it at most the size."
            )
        self.size = size
        self.window_size = self._whole_patches(window_size)
        self.window_stride = self._whole_patches(window_stride)
        mean = (0.0, 0.0, 0.0) if clip is None else clip.pixel_mean
        std = (1.0, 1.0, 1.0) if clip is None else clip.pixel_std
        self.pixels = PixelNormalisation(mean, std, input_format)

    def output_shape(self) -> dict[str, ShapeSpec]:
        """The features of a window, as a backbone's `output_shape`; 0 channels: no tokens."""
        if self.clip is not None:
            return self.clip.output_shape()
        return {"patch_tokens": ShapeSpec(channels=0, stride=self.patch_size)}

    def fit(self, image: Tensor) -> Tensor:
        """
        Resize and normalise an image.

        Args:
            image: in [0, 255], shape (3, H, W), of any type and device.

        Returns:
            Tensor: normalised, RGB, on this module's device, sides multiples of a patch: about
            `size` x `size` pixels in all. The aspect changes by the rounding, and where an image
            is so oblong that a side would be less than a patch or more than four times `size`.
        """
        height, width = image.shape[1:]
        scale = self.size / math.sqrt(height * width)
        most = max(1, _MOST_OBLONG * self.size // self.patch_size)
        h, w = (
            min(max(1, round(side * scale / self.patch_size)), most) for side in (height, width)
        )
        pixels = self.pixels(image)[None]
        size = (h * self.patch_size, w * self.patch_size)
        if pixels.shape[2:] != size:
            pixels = F.interpolate(
                pixels, size, mode="bilinear", align_corners=False, antialias=True
            )
        return pixels[0]

    def transition(self, pixels: Tensor, affinity_head: AffinityHead) -> Tensor:
        """
        T of Eq. (3), (N, P, P), of normalised windows of one size, (N, 3, H, W).

        Raises:
            ValueError: the head reads patch tokens, and there is no CLIP.
        """
        found = affinity_head(self.pixels.undo(pixels), self._features(pixels, affinity_head))
        if self.clip is None and found.isnan().any():
            raise ValueError(
                f"{type(affinity_head).__name__} reads patch tokens, which need a CLIP; name a "
                "CLIPBackbone in MODEL.PURIFIED.CLIP, such as CLIPViT, or use an affinity head "
                "that needs only pixels, such as DINOAffinity."
            )
        return found

    def _features(self, pixels: Tensor, affinity_head: AffinityHead) -> dict[str, Tensor]:
        if self.clip is not None:
            return self.clip(pixels, attention_layers=affinity_head.attention_layers)
        h, w = (side // self.patch_size for side in pixels.shape[2:])
        # Filled with NaN so that misuse is detected.
        nothing = torch.full((), math.nan, device=pixels.device)
        return {"patch_tokens": nothing.expand(len(pixels), 1, h, w)}

    def _whole_patches(self, length: int) -> int:
        return max(1, length // self.patch_size) * self.patch_size

"""
What affinity heads and the crops of Eq. (8) see of an image that another model segments.

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
from ..windows import Window, sliding_windows

_MOST_OBLONG = 4
"""A side has at most this many times SIZE pixels."""


class ImageGrid(nn.Module):
    """
    Brings images of any size to one number of pixels, lays windows of whole patches over them,
    and looks at the windows through a CLIP, if there is one.
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
            clip: looks at the pixels; its patch is the grid's.
            stride: side of a patch in pixels where there is no `clip`.
            size: an image is brought to `size` x `size` pixels in all, its aspect kept.
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
                f"Patch, MODEL.PURIFIED.SIZE, TEST.SLIDING_WINDOW.SIZE and STRIDE are {sizes} "
                "pixels; all must be positive, both sizes at least one patch."
            )
        if window_stride > window_size:
            raise ValueError(
                f"TEST.SLIDING_WINDOW.STRIDE {window_stride} leaves gaps between windows of SIZE "
                f"{window_size}; make it at most the size."
            )
        self.size = size
        self.window_size = self._whole_patches(window_size)
        self.window_stride = self._whole_patches(window_stride)
        mean = (0.0, 0.0, 0.0) if clip is None else clip.pixel_mean
        std = (1.0, 1.0, 1.0) if clip is None else clip.pixel_std
        self.pixels = PixelNormalisation(mean, std, input_format)

    def output_shape(self) -> dict[str, ShapeSpec]:
        """What `look` returns, for affinity heads to accept or refuse; 0 channels: no tokens."""
        if self.clip is not None:
            return self.clip.output_shape()
        return {"patch_tokens": ShapeSpec(channels=0, stride=self.patch_size)}

    def fit(self, image: Tensor) -> Tensor:
        """
        An image at the size of the grid.

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

    def windows(self, index: int, pixels: Tensor) -> list[Window]:
        """The windows of the image `index` of a batch, which `fit` returned; whole patches."""
        height, width = pixels.shape[1:]
        return sliding_windows(index, height, width, self.window_size, self.window_stride)

    def transition(self, pixels: Tensor, affinity_head: AffinityHead) -> Tensor:
        """
        T of Eq. (3) for windows of one size.

        Args:
            pixels: of windows, normalised, shape (N, 3, H, W).

        Returns:
            Tensor: shape (N, P, P), P = h * w.

        Raises:
            ValueError: the head reads patch tokens, and there is no CLIP to give any.
        """
        found = affinity_head(self.pixels.undo(pixels), self._look(pixels, affinity_head))
        if self.clip is None and found.isnan().any():
            raise ValueError(
                f"{type(affinity_head).__name__} reads patch tokens, of which there are none "
                "without a CLIP; name a CLIPBackbone in MODEL.PURIFIED.CLIP, such as CLIPViT, or "
                "use an affinity head that needs only pixels, such as DINOAffinity."
            )
        return found

    def _look(self, pixels: Tensor, affinity_head: AffinityHead) -> dict[str, Tensor]:
        if self.clip is not None:
            return self.clip(pixels, attention_layers=affinity_head.attention_layers)
        h, w = (side // self.patch_size for side in pixels.shape[2:])
        # Whoever computes with tokens that are not there shall not get away with a number.
        nothing = torch.full((), math.nan, device=pixels.device)
        return {"patch_tokens": nothing.expand(len(pixels), 1, h, w)}

    def _whole_patches(self, length: int) -> int:
        return max(1, length // self.patch_size) * self.patch_size

"""
ImageGrid: what affinity heads and the crops of Eq. (8) see of the images of another model.

Shapes: N windows, H x W pixels, h x w patches, P = h * w.
"""

import math

import torch
from torch import Tensor, nn

from ...d2 import ShapeSpec
from ..affinity import AffinityHead
from ..affinity.encoder import resize_to
from ..backbone import CLIPBackbone
from ..finite_checks import FiniteChecks
from ..inputs import PixelNormalisation
from ..resampling import resample
from ..windows import check_window_sizes


class ImageGrid(nn.Module):
    """
    Images resized to one number of pixels, under windows of whole patches, which a CLIP encodes if
    there is one.
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
            ValueError: sizes out of range, or a `clip` whose base method reads words or clusters.
        """
        super().__init__()
        if clip is not None and (clip.reads_text or "clusters" in clip.output_shape()):
            raise ValueError(
                "MODEL.CLIP.DENSE_ATTENTION reads the words or labels clusters, but "
                "PurifiedSegmentor takes the scores of the wrapped model; use another base method, "
                "such as sclip, or set MODEL.CLIP.RESCLIP.FEEDBACK and CLIPTRASE.VOTE to False."
            )
        self.clip = clip
        self.patch_size = stride if clip is None else clip.patch_size
        sides = {"MODEL.PURIFIED.SIZE": size}
        check_window_sizes(self.patch_size, window_size, window_stride, sides)
        self.size = size
        self.window_size, self.window_stride = (
            max(1, side // self.patch_size) * self.patch_size
            for side in (window_size, window_stride)
        )
        mean = (0.0, 0.0, 0.0) if clip is None else clip.pixel_mean
        std = (1.0, 1.0, 1.0) if clip is None else clip.pixel_std
        self.pixels = PixelNormalisation(mean, std, input_format)

    def output_shape(self) -> dict[str, ShapeSpec]:
        """The features of a window, as a backbone's `output_shape`; 0 channels: no tokens."""
        no_tokens = {"patch_tokens": ShapeSpec(channels=0, stride=self.patch_size)}
        return no_tokens if self.clip is None else self.clip.output_shape()

    def fit(self, image: Tensor) -> Tensor:
        """
        Resize an image (3, H, W) in [0, 255] to whole patches, `size` x `size` pixels in all, and
        normalise it. The aspect changes by the rounding, and where an image is so oblong that a
        side would be less than a patch or more than four times `size`.
        """
        patch, (height, width) = self.patch_size, image.shape[1:]
        scale = self.size / math.sqrt(height * width)
        most = max(1, 4 * self.size // patch)
        h, w = (min(max(1, round(side * scale / patch)), most) for side in (height, width))
        return resize_to(self.pixels(image)[None], (h * patch, w * patch))[0]

    def transition(
        self,
        pixels: Tensor,
        affinity_head: AffinityHead,
        checks: FiniteChecks,
        tokens: Tensor | None = None,
    ) -> Tensor:
        """
        T of Eq. (3), (N, P, P), of normalised windows of one size, (N, 3, H, W).

        `checks` refuses a head that reads patch tokens if there are none. `tokens`: features of a
        wrapped model, (N, D, h, w), in place of CLIP's for a head that reads no attention.
        """
        grid = (pixels.shape[2] // self.patch_size, pixels.shape[3] // self.patch_size)
        if tokens is not None and not affinity_head.attention_layers:
            features = {"patch_tokens": tokens}
        elif self.clip is not None:
            features = self.clip(pixels, attention_layers=affinity_head.attention_layers)
            tokens = resample(features["patch_tokens"], grid)
            features |= {"patch_tokens": tokens}
        else:
            # Filled with NaN so that `checks` detects misuse.
            nothing = torch.full((), math.nan, device=pixels.device)
            features = {"patch_tokens": nothing.expand(len(pixels), 1, *grid)}
        found = affinity_head(self.pixels.undo(pixels), features)
        name, advice = type(affinity_head).__name__, ""
        if self.clip is None:
            advice = (
                f"{name} reads patch tokens, which need a CLIP or a wrapped model that returns "
                '"features", or its weights are damaged; name a CLIPBackbone in '
                "MODEL.PURIFIED.CLIP, such as CLIPViT, or use an affinity head that needs only "
                "pixels, such as DINOAffinity."
            )
        checks.add(found, name, advice)
        return found

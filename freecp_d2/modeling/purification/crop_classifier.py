"""
The crop classifier of Eq. (8): which class of an ambiguity group is in a box.

Shape shorthand in this module: N windows, B boxes, K classes, D embedding.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ...method import elect_winners


class CropClassifier:
    """Cuts boxes out of a batch of windows and classifies them with the image encoder."""

    def __init__(
        self,
        images: Tensor,
        encode_image: Callable[[Tensor], Tensor],
        class_features: Tensor,
        *,
        patch_size: int,
        crop_size: int,
        batch_size: int,
    ):
        """
        Args:
            images: normalised windows, shape (N, 3, H, W).
            encode_image: crops (B, 3, crop_size, crop_size) -> class tokens (B, D).
            class_features: description feature of each class, shape (K, D).
            patch_size: pixels a patch, the unit of the boxes.
            crop_size: side in pixels to which a box is resized, bilinear.
            batch_size: most crops in one forward.
        """
        self.images, self.encode_image, self.class_features = images, encode_image, class_features
        self.patch_size, self.crop_size, self.batch_size = patch_size, crop_size, batch_size

    def __call__(self, window: Tensor, boxes: Tensor, candidates: Tensor) -> Tensor:
        """
        Args:
            window: the window of each box, int64, shape (B,).
            boxes: (x0, y0, x1, y1) in patches, half open, none empty, int64, shape (B, 4).
            candidates: the classes that compete for each box, bool, shape (B, K).

        Returns:
            Tensor: winning class of each box, int64, shape (B,).
        """
        if len(boxes) == 0:
            return torch.zeros(0, dtype=torch.long, device=self.images.device)
        pairs = [(n, *box) for n, box in zip(window.tolist(), boxes.tolist(), strict=True)]
        distinct = {pair: i for i, pair in enumerate(dict.fromkeys(pairs))}  # groups share boxes
        crops, step = list(distinct), self.batch_size
        encoded = [
            self.encode_image(torch.stack([self._crop(*crop) for crop in crops[i : i + step]]))
            for i in range(0, len(crops), step)
        ]
        features = torch.cat(encoded)[[distinct[pair] for pair in pairs]]
        return elect_winners(features.to(self.class_features), self.class_features, candidates)

    def _crop(self, n: int, *box: int) -> Tensor:
        """One box of one window, resized: (3, crop_size, crop_size)."""
        x0, y0, x1, y1 = (self.patch_size * side for side in box)
        crop = self.images[n : n + 1, :, y0:y1, x0:x1]
        size = (self.crop_size, self.crop_size)
        return F.interpolate(crop, size=size, mode="bilinear", align_corners=False)[0]


def crop_batch_size(window_batch_size: int, window_size: int, crop_size: int) -> int:
    """The number of crops that have as many pixels as a batch of windows."""
    return window_batch_size * max(1, window_size**2 // crop_size**2)

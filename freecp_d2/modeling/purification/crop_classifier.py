"""
The winner of a box in Eq. (8): by its crop, which is encoded once an image, or by scores.

Shapes: N windows, K classes, B boxes, D embedding, H, W pixels, h x w patches.
"""

from collections.abc import Callable, Hashable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...method import RegionBoxes, boxes_to_mask, elect_winners
from ..finite_checks import check_finite
from ..windows import Window
from .build import ClassifyBoxes

CropFeatures = dict[Hashable, Tensor]
"""
The feature of each crop, (D,), by its place in the images of one call of a model, so that a crop of
two overlapping windows is encoded once.
"""


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
        windows: Sequence[Window] | None = None,
        known: CropFeatures | None = None,
        check: Callable[[Tensor, str], None] = check_finite,
    ):
        """
        Args:
            images: normalised windows, shape (N, 3, H, W).
            encode_image: crops (B, 3, crop_size, crop_size) -> class tokens (B, D).
            class_features: description feature of each class, shape (K, D).
            patch_size: side of a patch in pixels.
            crop_size: side in pixels to which a box is resized, bilinear.
            batch_size: most crops in one forward.
            windows: where the N windows are in their images; None: each is an image of its own.
            known: features of crops of earlier windows of the same images; new ones are added.
            check: called with the features of new crops and the name of their encoder.
        """
        self.images, self.encode_image, self.class_features = images, encode_image, class_features
        self.patch_size, self.crop_size, self.batch_size = patch_size, crop_size, batch_size
        self.windows, self.check = windows, check
        self.known: CropFeatures = {} if known is None else known

    def __call__(self, window: Tensor, boxes: Tensor, candidates: Tensor) -> Tensor:
        """
        The winning class of each box, int64, shape (B,).

        Args:
            window: the window of each box, int64, shape (B,), on the CPU, as the boxes.
            boxes: (x0, y0, x1, y1) in patches, half open, none empty, int64, shape (B, 4).
            candidates: the classes that compete for each box, bool, shape (B, K).
        """
        if len(boxes) == 0:
            return torch.zeros(0, dtype=torch.long, device=self.images.device)
        pairs = zip(window.tolist(), (self.patch_size * boxes).tolist(), strict=True)
        crops = [(n, *box) for n, box in pairs]
        places = [self._place(*crop) for crop in crops]
        new = {place: crop for place, crop in zip(places, crops, strict=True)}
        new = {place: crop for place, crop in new.items() if place not in self.known}
        if new:
            features = self._encode(list(new.values()))
            self.check(features, "The image tower, for crops of Eq. (8),")
            self.known.update(zip(new, features, strict=True))
        features = torch.stack([self.known[place] for place in places]).to(self.class_features)
        return elect_winners(features, self.class_features, candidates.to(features.device))

    def _place(self, n: int, x0: int, y0: int, x1: int, y1: int) -> Hashable:
        """Crops at equal places show the same pixels: the place in the image, and the padding."""
        if self.windows is None:
            return n, x0, y0, x1, y1
        window = self.windows[n]
        height, width = window.size
        padding = max(0, x1 - width), max(0, y1 - height)
        x, y = window.x0, window.y0
        return window.image, x + x0, y + y0, x + x1, y + y1, padding

    def _encode(self, crops: list[tuple[int, ...]]) -> Tensor:
        """Features of crops (window, x0, y0, x1, y1) in pixels, in batches, (B, D)."""
        parts = [crops[i : i + self.batch_size] for i in range(0, len(crops), self.batch_size)]
        cut = (torch.stack([self._crop(*crop) for crop in part]) for part in parts)
        return torch.cat([self.encode_image(part) for part in cut])

    def _crop(self, n: int, x0: int, y0: int, x1: int, y1: int) -> Tensor:
        """One box of one window, resized: (3, crop_size, crop_size)."""
        crop = self.images[n : n + 1, :, y0:y1, x0:x1]
        size = (self.crop_size, self.crop_size)
        return F.interpolate(crop, size=size, mode="bilinear", align_corners=False)[0]


def crop_batch_size(window_batch_size: int, window_size: int, crop_size: int) -> int:
    """The number of crops that have as many pixels as a batch of windows."""
    return window_batch_size * max(1, window_size**2 // crop_size**2)


def elect_by_score(maps: Tensor) -> ClassifyBoxes:
    """
    A winner for each box in place of Eq. (8): the candidate with the highest mean in the box.

    Args:
        maps: scores of the words in each window, (N, K, h, w).
    """

    def classify(window: Tensor, boxes: Tensor, candidates: Tensor) -> Tensor:
        index = window.new_tensor(range(len(boxes))).to(boxes.device)
        grid = (maps.shape[2], maps.shape[3])
        inside = boxes_to_mask(RegionBoxes(index, boxes), len(boxes), grid).to(maps)
        own = maps[window.to(maps.device)]
        means = (own * inside[:, None]).sum(dim=(2, 3)) / inside.sum(dim=(1, 2))[:, None]
        return means.masked_fill(~candidates.to(maps.device), -1.0).argmax(dim=1)

    return classify

"""
Purification heads: the registry, the crop classifier that a head gets, and what it returns.

Shapes: N windows, K classes, B boxes, D embedding, h x w patches, P = h * w.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...d2 import CfgNode, Registry
from ...method import AmbiguityGroups, RegionBoxes, elect_winners, no_boxes
from ..inputs import check_finite

PURIFICATION_HEAD_REGISTRY = Registry("PURIFICATION_HEAD")
PURIFICATION_HEAD_REGISTRY.__doc__ = """
Registry for purification heads.

The registered object is called with `obj(cfg)` when the model is built, raises ValueError for what
cannot work, and returns an nn.Module. The module is called once for each batch of N windows of one
size, under `no_grad`, as `head(maps, normalized_cam, transition, classify, allowed)`, and returns a
`PurificationOutput`:

    maps        Eq. (1) softmaxed over all words, (N, K, h, w), float32 in [0, 1]; K foreground
                classes, synonyms merged, background words left out.
    normalized_cam  the same after the min-max over all words and patches of its window, in [0, 1].
    transition  T of Eq. (3), (N, P, P), float32, P = h * w, patches row by row.
    classify    the winner of Eq. (8) for boxes of patches, crops batched; see `ClassifyBoxes`.
    allowed     candidates of an oracle, bool (N, K), or None.

Every class keeps its index: a removed class has a map of zeros. Each window is processed
independently, automatic thresholds included.
"""

ClassifyBoxes = Callable[[Tensor, Tensor, Tensor], Tensor]
"""See `CropClassifier.__call__`."""


@dataclass
class PurificationOutput:
    """
    Attributes:
        maps: purified maps, 0 where a class is gone, shape (N, K, h, w).
        keep: classes that the oracle, if there is one, and redundancy purification left, bool,
            shape (N, K).
        redundancy_scores: s of Eq. (5), shape (N, K).
        groups: ambiguity groups of all windows.
        region_boxes: boxes of each group with an area (`map_index` is the group).
        winners: winning class of each box, int64, shape (B,).
        redundancy_thresh, ambiguity_thresh: tau_r of Eq. (5) and tau_a of Eq. (7) of each window,
            shape (N,); None where that purification did not take place.
        elimination: what losing a box costs, "region" or "window", see `ClassPurification`.
    """

    maps: Tensor
    keep: Tensor
    redundancy_scores: Tensor
    groups: AmbiguityGroups
    region_boxes: RegionBoxes = field(default_factory=no_boxes)
    winners: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    redundancy_thresh: Tensor | None = None
    ambiguity_thresh: Tensor | None = None
    elimination: str = "region"


def build_purification_head(cfg: CfgNode) -> nn.Module:
    """Build the head that `cfg.MODEL.PURIFICATION_HEAD.NAME` names."""
    return PURIFICATION_HEAD_REGISTRY.get(cfg.MODEL.PURIFICATION_HEAD.NAME)(cfg)


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
            patch_size: side of a patch in pixels.
            crop_size: side in pixels to which a box is resized, bilinear.
            batch_size: most crops in one forward.
        """
        self.images, self.encode_image, self.class_features = images, encode_image, class_features
        self.patch_size, self.crop_size, self.batch_size = patch_size, crop_size, batch_size
        self._tokens: dict[tuple[int, ...], Tensor] = {}

    def __call__(self, window: Tensor, boxes: Tensor, candidates: Tensor) -> Tensor:
        """
        The winning class of each box, int64, shape (B,).

        Args:
            window: the window of each box, int64, shape (B,).
            boxes: (x0, y0, x1, y1) in patches, half open, none empty, int64, shape (B, 4).
            candidates: the classes that compete for each box, bool, shape (B, K).
        """
        if len(boxes) == 0:
            return torch.zeros(0, dtype=torch.long, device=self.images.device)
        pairs = [(n, *box) for n, box in zip(window.tolist(), boxes.tolist(), strict=True)]
        # Groups share boxes, and so do further calls for the same windows.
        crops = [pair for pair in dict.fromkeys(pairs) if pair not in self._tokens]
        step = self.batch_size
        for i in range(0, len(crops), step):
            batch = crops[i : i + step]
            tokens = self.encode_image(torch.stack([self._crop(*crop) for crop in batch]))
            check_finite(tokens, "The image tower, for crops of Eq. (8),")
            self._tokens.update(zip(batch, tokens, strict=True))
        features = torch.stack([self._tokens[pair] for pair in pairs])
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

"""
Segment Anything as affinity: features of its image encoder, or its masks.

Shapes: N windows, C channels, Q masks, H, W pixels.
"""

from typing import Any

import torch
from torch import Tensor

from ...d2 import CfgNode, ShapeSpec, configurable
from ...utils.imports import require_library
from ..resampling import resample
from .build import AFFINITY_HEAD_REGISTRY
from .encoder import (
    EncoderAffinity,
    backbone_grid,
    cosine_affinity,
    cosines,
    encoder_options,
    grid_without_padding,
    mask_affinity,
    region_labels,
    resize_to,
)

SOURCES = ("features", "masks")
"""
features: cosines of the features behind the image encoder's neck.
masks: shared masks of `SamAutomaticMaskGenerator`; slow: it decodes 1024 points a window.
"""

_KEY = "MODEL.AFFINITY_HEAD.SAM"
_ANCHOR = "image_encoder.patch_embed.proj.weight"


@AFFINITY_HEAD_REGISTRY.register()
class SAMAffinity(EncoderAffinity):
    """
    Tab. 5, "SAM". `segment_anything` runs it at its own input size: the longer side of a window
    becomes 1024 pixels, and the padding is left out of the result.
    """

    key = _KEY

    @configurable
    def __init__(
        self,
        *,
        encoder: Any,
        source: str = "features",
        points_per_side: int = 32,
        batch_size: int = 1,
        **options: Any,
    ):
        """
        Args:
            encoder: a `segment_anything` Sam.
            source: one of `SOURCES`.
            points_per_side: of the masks, side of the grid of points.
            batch_size: windows in one forward of the image encoder; masks always take one.
            options: see `EncoderAffinity`.

        Raises:
            ValueError: unknown source; a number out of range.
        """
        super().__init__(encoder, **options)
        if source not in SOURCES:
            raise ValueError(f'{_KEY}.SOURCE="{source}" is unknown; use one of {SOURCES}.')
        if min(points_per_side, batch_size) < 1:
            raise ValueError(
                f"{_KEY}.POINTS_PER_SIDE and BATCH_SIZE are {points_per_side} and {batch_size}; "
                "use 1 or more."
            )
        self.source, self.points_per_side, self.batch_size = source, points_per_side, batch_size

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict:
        require_library("segment_anything", extra="sam", user=cls.__name__)
        node = cfg.MODEL.AFFINITY_HEAD.SAM
        return {
            "encoder": load_sam(node.ARCH, node.PRETRAINED),
            "source": node.SOURCE,
            "power": node.COSINE_POWER,
            "points_per_side": node.POINTS_PER_SIDE,
            "batch_size": node.BATCH_SIZE,
            **encoder_options(cfg),
        }

    @torch.no_grad()
    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """See `AffinityHead.affinity`; symmetric from both sources."""
        grid = backbone_grid(features)
        if self.source == "masks":
            return torch.cat([mask_affinity(*self._masks(image, grid)) for image in images])
        return cosine_affinity(self._features(images, grid), self.power)

    @torch.no_grad()
    def similarity(
        self, images: Tensor, features: dict[str, Tensor]
    ) -> tuple[Tensor, tuple[int, int]]:
        """See `AffinityHead.similarity`; of features, on SAM's own grid without its padding."""
        if self.source == "masks":
            return super().similarity(images, features)
        vit = self.encoder.image_encoder
        grid = grid_without_padding(images, vit.img_size / vit.patch_embed.proj.kernel_size[0])
        return cosines(self._features(images, grid)), grid

    def _features(self, images: Tensor, grid: tuple[int, int]) -> Tensor:
        """The neck's features on the backbone's grid, (N, C, *grid)."""
        from segment_anything.utils.transforms import ResizeLongestSide

        side, (height, width) = self.encoder.image_encoder.img_size, images.shape[-2:]
        size = ResizeLongestSide.get_preprocess_shape(height, width, side)
        parts = []
        for part in images.split(self.batch_size):
            prepared = self.encoder.preprocess(resize_to(part, size))
            with self.autocast(images.device):
                found = self.encoder.image_encoder(prepared).float()
            cell = side / found.shape[-1]
            parts.append(resample(found, grid, extent=(size[0] / cell, size[1] / cell)))
        return torch.cat(parts)

    @property
    def has_regions(self) -> bool:
        return self.source == "masks"

    @torch.no_grad()
    def regions(self, images: Tensor, grid: tuple[int, int]) -> Tensor:
        """See `AffinityHead.regions`; needs the source "masks"."""
        return torch.cat([region_labels(*self._masks(image, grid)) for image in images])

    def _masks(self, image: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """The masks of one window, (1, Q, *grid), and their scores, (1, Q), in [0, 1]."""
        from segment_anything import SamAutomaticMaskGenerator

        generator = SamAutomaticMaskGenerator(self.encoder, points_per_side=self.points_per_side)
        pixels = image.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()
        found = generator.generate(pixels)
        masks = image.new_zeros(len(found), *pixels.shape[:2])
        for mask, record in zip(masks, found, strict=True):
            mask.copy_(torch.from_numpy(record["segmentation"]))
        scores = image.new_tensor([record["predicted_iou"] for record in found]).clamp(0, 1)
        return resample(masks, grid)[None], scores[None]


def load_sam(arch: str, pretrained: str) -> Any:
    """
    A `segment_anything` Sam, such as vit_b, with weights in the authors' format.

    Raises:
        ValueError: unknown architecture, no weights, or weights of another one.
        FileNotFoundError, ConnectionError: the weights cannot be found or downloaded.
    """
    from segment_anything import sam_model_registry

    from ...checkpoint.finding import find_pretrained
    from ...checkpoint.fitting import load_strictly, refuse_other_kind
    from ...checkpoint.reading import read_state_dict, without_prefix

    if arch not in sam_model_registry:
        raise ValueError(
            f'{_KEY}.ARCH="{arch}" is no model of segment_anything; use one of '
            f"{[*sam_model_registry]}."
        )
    path = find_pretrained(f"{_KEY}.PRETRAINED", pretrained, "sam:vit_b")
    state = without_prefix(read_state_dict(path), [_ANCHOR], path)
    advice = f"{_KEY}.PRETRAINED takes SAM's own vit_b, vit_l and vit_h."
    refuse_other_kind(state, ["a SAM"], path, advice)
    sam = sam_model_registry[arch]()
    load_strictly(sam, state, path, f"change {_KEY}.ARCH ({arch}) or PRETRAINED.")
    return sam

"""
Segment Anything as affinity: its image encoder's features, or the masks it finds.

Shape shorthand in this module: N windows, C channels, Q masks, H, W pixels.
"""

from typing import Any

import torch
from torch import Tensor

from ...d2 import CfgNode, ShapeSpec, configurable
from .build import AFFINITY_HEAD_REGISTRY, balancing_options
from .checkpoints import find_pretrained, load_strictly, require_library
from .encoder import EncoderAffinity, backbone_grid, check_options, resize
from .patch_affinity import cosine_affinity, mask_affinity
from .resampling import resample

SOURCES = ("features", "masks")
"""
features: cosines of the features behind the image encoder's neck.
masks: patches that share masks of `SamAutomaticMaskGenerator`. A grid of points is decoded for
every window, 1024 by default: slow.
"""

_KEY = "MODEL.AFFINITY_HEAD.SAM"


@AFFINITY_HEAD_REGISTRY.register()
class SAMAffinity(EncoderAffinity):
    """
    Tab. 5, "SAM". The library `segment_anything` runs it, at its own input size: the longer side of
    a window becomes 1024 pixels, the rest is padding, which is left behind.
    """

    encoder: Any  # segment_anything.modeling.Sam; the library is optional

    @configurable
    def __init__(
        self,
        *,
        encoder: Any,
        source: str = "features",
        power: float = 1.0,
        points_per_side: int = 32,
        batch_size: int = 1,
        precision: str = "fp32",
        num_sinkhorn_steps: int = 3,
        num_squarings: int = 1,
    ):
        """
        Args:
            encoder: a `segment_anything` Sam.
            source: one of `SOURCES`.
            power: with features, see `cosine_affinity`.
            points_per_side: with masks, points of the grid that is decoded.
            batch_size: windows in one forward of the image encoder; with masks always one.
            precision: with features, see `EncoderAffinity`; masks are found in float32.
            num_sinkhorn_steps, num_squarings: see `EncoderAffinity`.

        Raises:
            ValueError: unknown source; a number out of range.
        """
        super().__init__(
            encoder,
            precision=precision,
            num_sinkhorn_steps=num_sinkhorn_steps,
            num_squarings=num_squarings,
        )
        if source not in SOURCES:
            raise ValueError(f'{_KEY}.SOURCE="{source}" is unknown; use one of {SOURCES}.')
        if min(points_per_side, batch_size) < 1:
            raise ValueError(
                f"{_KEY}.POINTS_PER_SIDE and BATCH_SIZE are {points_per_side} and {batch_size}; "
                "use 1 or more."
            )
        check_options(_KEY, power=power)
        self.source, self.power = source, power
        self.points_per_side, self.batch_size = points_per_side, batch_size

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict:
        require_library("segment_anything", extra="sam", head=cls.__name__)
        node = cfg.MODEL.AFFINITY_HEAD.SAM
        return {
            "encoder": load_sam(node.ARCH, node.PRETRAINED),
            "source": node.SOURCE,
            "power": node.COSINE_POWER,
            "points_per_side": node.POINTS_PER_SIDE,
            "batch_size": node.BATCH_SIZE,
            "precision": cfg.MODEL.PRECISION,
            **balancing_options(cfg),
        }

    @torch.no_grad()
    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """See `AffinityHead.affinity`; symmetric from both sources."""
        grid = backbone_grid(features)
        if self.source == "features":
            parts = images.split(self.batch_size)
            found = torch.cat([self._features(part, grid) for part in parts])
            return cosine_affinity(found, self.power)
        return torch.cat([self._by_masks(image, grid) for image in images])

    def _features(self, images: Tensor, grid: tuple[int, int]) -> Tensor:
        """The neck's features on the backbone's grid, (N, C, *grid)."""
        side = self.encoder.image_encoder.img_size
        size = longest_side_size((images.shape[-2], images.shape[-1]), side)
        prepared = self.encoder.preprocess(resize(images, size))
        with self.autocast(images.device):
            found = self.encoder.image_encoder(prepared).float()
        cell = side / found.shape[-1]
        return resample(found, grid, extent=(size[0] / cell, size[1] / cell))

    def _by_masks(self, image: Tensor, grid: tuple[int, int]) -> Tensor:
        """Affinity (1, P, P) of one window by the masks that are found in it."""
        from segment_anything import SamAutomaticMaskGenerator

        generator = SamAutomaticMaskGenerator(self.encoder, points_per_side=self.points_per_side)
        pixels = image.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()
        found = generator.generate(pixels)
        masks = image.new_zeros(len(found), *pixels.shape[:2])
        for mask, record in zip(masks, found, strict=True):
            mask.copy_(torch.from_numpy(record["segmentation"]))
        scores = image.new_tensor([record["predicted_iou"] for record in found]).clamp(0, 1)
        return mask_affinity(resample(masks, grid)[None], scores[None])


def longest_side_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """(H, W) at SAM's input: the longer becomes `side`; by the library's own rounding."""
    from segment_anything.utils.transforms import ResizeLongestSide

    height, width = ResizeLongestSide.get_preprocess_shape(*size, side)
    return height, width


def load_sam(arch: str, pretrained: str) -> Any:
    """
    A `segment_anything` Sam with weights.

    Args:
        arch: a name of the library's registry, "vit_b".
        pretrained: a file in the authors' format; see `find_weights`.

    Raises:
        ValueError: unknown architecture, no weights, or weights of another one.
        FileNotFoundError, ConnectionError: the weights cannot be had.
    """
    from segment_anything import sam_model_registry

    from ...checkpoint import read_state_dict

    if arch not in sam_model_registry:
        raise ValueError(
            f'{_KEY}.ARCH="{arch}" is no model of segment_anything; use one of '
            f"{[*sam_model_registry]}."
        )
    path = find_pretrained(f"{_KEY}.PRETRAINED", pretrained, "sam:vit_b")
    state = read_state_dict(path)
    sam = sam_model_registry[arch]()
    load_strictly(sam, state, path, f"change {_KEY}.ARCH ({arch}) or PRETRAINED.")
    return sam

"""Stored outputs of the base methods' own programs, and our methods on the same weights."""

import functools

import numpy as np
import torch
from torch import Tensor

from freecp_d2.modeling.backbone import BlockFeatures, CLIPViT, DenseAttention

from .parity import PARITY, PIXEL_MEAN, PIXEL_STD, visual

BASES = PARITY / "bases"
WEIGHTS = {
    "bases_64x64": "clip_weights",
    "bases_80x112": "clip_weights",
    "hd64_bases_64x64": "hd64_clip_weights",
    "hd64_bases_112x80": "hd64_clip_weights",
    "deep12_bases_96x96": "deep12_clip_weights",
    "deep12_bases_80x144": "deep12_clip_weights",
}
"""File of arrays -> its CLIP. Those of twelve blocks have all methods."""


@functools.cache
def arrays(name: str) -> dict[str, np.ndarray]:
    with np.load(BASES / f"{name}.npz") as found:
        return dict(found)


@functools.cache
def tower(weights: str) -> torch.nn.Module:
    return visual(f"bases/{weights}" if weights.startswith("deep12") else weights)


class Recorded(DenseAttention):
    """A method that keeps what it was given."""

    def __init__(self, method: DenseAttention):
        super().__init__()
        self.method, self.needs = method, method.needs
        self.features: BlockFeatures

    def forward(self, features):
        self.features = features
        return self.method(features)


def backbone(weights: str, method: DenseAttention) -> CLIPViT:
    return CLIPViT(
        visual=tower(weights),
        dense_attention=method,
        pixel_mean=PIXEL_MEAN,
        pixel_std=PIXEL_STD,
    )


def run(name: str, method: DenseAttention) -> tuple[Tensor, BlockFeatures]:
    """Patch tokens (P, D) of the stored image, and the features that the method was given."""
    recorded = Recorded(method)
    image, text = (torch.from_numpy(arrays(name)[key]) for key in ("image", "text"))
    with torch.no_grad():
        found = backbone(WEIGHTS[name], recorded)(image[None], text_features=text)
    return found["patch_tokens"][0].flatten(1).T, recorded.features

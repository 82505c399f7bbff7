"""
DINO, DINOv2 and DINOv3 as affinity: similarity of patches in a self-supervised ViT.

Shapes: N windows, C width, h' x w' the ViT's own grid, P' = h' * w'.
"""

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor

from ...d2 import CfgNode, ShapeSpec, configurable
from ...utils.imports import require_library
from ..backbone.base import resize_positional_embedding
from ..inputs import PixelNormalisation
from ..resampling import resample, resample_matrix
from .build import AFFINITY_HEAD_REGISTRY, resolve_layers
from .dino_weights import load_dino
from .encoder import (
    EncoderAffinity,
    backbone_grid,
    cosine_affinity,
    cosines,
    encoder_options,
    resize,
)

_KEY = "MODEL.AFFINITY_HEAD.DINO"

SOURCES = ("features", "attention")
"""
features: cosines of the last layer's normalised patch tokens ("DINO features", Sec. 4).
attention: Eq. (2) with DINO's layers in place of CLIP's.
"""


@AFFINITY_HEAD_REGISTRY.register()
class DINOAffinity(EncoderAffinity):
    """Tab. 5, "DINO", and the affinity of Tab. 6's ResNet. `timm` runs the ViT at any size."""

    key = _KEY

    @configurable
    def __init__(
        self,
        *,
        encoder: Any,
        source: str = "features",
        layers: Collection[int] = (),
        **options: Any,
    ):
        """
        Args:
            encoder: a `timm` VisionTransformer, or Eva of DINOv3, with `dynamic_img_size=True`.
            source: one of `SOURCES`.
            layers: of the attention, see `resolve_layers`.
            options: see `EncoderAffinity`.

        Raises:
            ValueError: unknown source or layer; a size or power out of range.
        """
        super().__init__(encoder, **options)
        if source not in SOURCES:
            raise ValueError(f'{_KEY}.SOURCE="{source}" is unknown; use one of {SOURCES}.')
        self.source = source
        self.layers: frozenset[int] = frozenset()
        is_dinov3 = getattr(encoder, "rope", None) is not None
        if source == "attention":
            if is_dinov3:
                raise ValueError(
                    f'{_KEY}.SOURCE="attention" cannot be read from a ViT with rotary positions, '
                    "such as DINOv3; use features."
                )
            self.layers = resolve_layers(layers, len(encoder.blocks), f"{_KEY}.LAYERS")
        # ImageNet's mean and std, as DINO and DINOv2 were trained; the defaults of timm may differ.
        mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
        if is_dinov3:  # has one of satellite images, too
            cfg = encoder.pretrained_cfg
            mean, std = (tuple(255 * x for x in cfg[key]) for key in ("mean", "std"))
        self.pixels = PixelNormalisation(mean, std, "RGB")

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict:
        require_library("timm", extra="dino", user=cls.__name__)
        node = cfg.MODEL.AFFINITY_HEAD.DINO
        return {
            "encoder": load_dino(node.ARCH, node.PRETRAINED),
            "source": node.SOURCE,
            "layers": node.LAYERS,
            "power": node.COSINE_POWER,
            "input_size": node.INPUT_SIZE,
            **encoder_options(cfg),
        }

    @torch.no_grad()
    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """See `AffinityHead.affinity`; symmetric from features, not from attention."""
        grid = backbone_grid(features)
        images, own_grid = self._prepare(images)
        with self.autocast(images.device):
            if self.source == "attention":
                found = patch_attention(self.encoder, images, self.layers)
            else:
                found = patch_features(self.encoder, images)
        if self.source == "attention":
            return resample_matrix(found, own_grid, grid)
        return cosine_affinity(resample(found.unflatten(-1, own_grid), grid), self.power)

    @torch.no_grad()
    def similarity(
        self, images: Tensor, features: dict[str, Tensor]
    ) -> tuple[Tensor, tuple[int, int]]:
        """
        See `AffinityHead.similarity`: on the ViT's own grid, without COSINE_POWER.

        A DINO's positional embedding is sampled as by its authors, see `INTERPOLATIONS`.
        """
        images, grid = self._prepare(images)
        with self.autocast(images.device):
            if self.source == "attention":
                return patch_attention(self.encoder, images, self.layers), grid
            found = patch_features(self.encoder, images, interpolation="scale")
        return cosines(found.unflatten(-1, grid)), grid

    def _prepare(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Normalised images in the size of the ViT, and their grid of patches."""
        patch = self.encoder.patch_embed.patch_size[0]
        images = self.pixels(resize(images, self.input_size, patch))
        return images, (images.shape[-2] // patch, images.shape[-1] // patch)


def patch_features(vit: Any, images: Tensor, interpolation: str = "timm") -> Tensor:
    """
    Patch tokens of a `timm` ViT after the final norm, float32, (N, C, P').

    `interpolation` of the positional embedding: timm's, or one of `INTERPOLATIONS` if the embedding
    is DINO's, with a class token and without registers.
    """
    is_dino = vit.pos_embed is not None and vit.num_prefix_tokens == 1 and not vit.no_embed_class
    if interpolation != "timm" and is_dino:
        patches = vit.patch_embed(images)
        grid = (patches.shape[1], patches.shape[2])
        position = resize_positional_embedding(vit.pos_embed[0], grid, interpolation)
        class_token = vit.cls_token.expand(len(images), -1, -1)
        tokens = vit.norm_pre(torch.cat([class_token, patches.flatten(1, 2)], dim=1) + position)
        for block in vit.blocks:
            tokens = block(tokens)
        return vit.norm(tokens)[:, 1:].float().mT
    return vit.forward_features(images)[:, vit.num_prefix_tokens :].float().mT


def patch_attention(vit: Any, images: Tensor, layers: Collection[int]) -> Tensor:
    """
    Self-attention between patches, the mean over heads and layers, float32, (N, P', P').

    Class token and registers are dropped and the rest is not renormalised, as in Eq. (2). Layers
    after the last of `layers` are not run.
    """
    first = vit.num_prefix_tokens
    tokens = vit.norm_pre(vit.patch_drop(vit._pos_embed(vit.patch_embed(images))))
    total = tokens.new_zeros((), dtype=torch.float32)
    for number, block in enumerate(vit.blocks[: max(layers) + 1]):
        if number in layers:
            total = total + _attention(block.attn, block.norm1(tokens))[:, first:, first:]
        if number < max(layers):
            tokens = block(tokens)
    return total / len(layers)


def _attention(attention: Any, tokens: Tensor) -> Tensor:
    """Mean over the heads of a `timm` Attention, one head at a time: (N, T, C) -> (N, T, T)."""
    num_tokens = tokens.shape[1]
    qkv = attention.qkv(tokens).unflatten(-1, (3, attention.num_heads, -1))
    queries, keys = attention.q_norm(qkv[:, :, 0]), attention.k_norm(qkv[:, :, 1])
    mean = tokens.new_zeros(len(tokens), num_tokens, num_tokens, dtype=torch.float32)
    for query, key in zip(queries.unbind(2), keys.unbind(2), strict=True):
        mean += (query @ key.mT * attention.scale).float().softmax(dim=-1)
    return mean / attention.num_heads

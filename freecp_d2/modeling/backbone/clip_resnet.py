"""
CLIPResNet: the convolutional image tower of a CLIP as a Detectron2 backbone.

Shapes: N windows, T = 1 + h * w tokens (their mean first), C width, D embedding.
"""

from collections.abc import Collection, Hashable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...d2 import BACKBONE_REGISTRY, CfgNode, ShapeSpec, configurable
from .base import CLIPBackbone, LoadedCLIP, check_interpolation, resize_positional_embedding
from .clip_loading import load_clip_from_config

_STAGES = ("layer1", "layer2", "layer3", "layer4")
_STRIDE = 32  # two halvings in the stem, one in each of three stages


@BACKBONE_REGISTRY.register()
class CLIPResNet(CLIPBackbone):
    """
    A ResNet of `clip` or `open_clip` with a feature for every 32 x 32 pixels.

    The attention pool gives the class token. The patch tokens are the pool's value and output
    projections, without attention and positional embedding, as in MaskCLIP (ECCV 2022). There is
    no attention map, so the affinity head needs an encoder of its own (Tab. 6).
    """

    visual: Any  # the libraries' towers share attributes, not a type

    @configurable
    def __init__(
        self,
        *,
        visual: Any,
        interpolation: str = "scale",
        pixel_mean: tuple[float, ...],
        pixel_std: tuple[float, ...],
    ):
        """
        Args:
            visual: `clip.model.ModifiedResNet` or `open_clip.modified_resnet.ModifiedResNet`.
            interpolation: of the pool's positional embedding, one of `INTERPOLATIONS`.

        Raises:
            ValueError: the tower is no ResNet of CLIP; unknown `interpolation`.
        """
        super().__init__()
        if not all(hasattr(visual, name) for name in ("conv3", *_STAGES, "attnpool")):
            raise ValueError(
                f"CLIPResNet cannot run {type(visual).__name__}: it is no ResNet with an attention "
                "pool; choose RN50x16 or another one in MODEL.CLIP.ARCH, or the backbone CLIPViT."
            )
        check_interpolation(interpolation)
        self.visual = visual.eval().requires_grad_(False)
        self.interpolation = interpolation
        self.pixel_mean, self.pixel_std = pixel_mean, pixel_std

    @classmethod
    def from_config(
        cls, cfg: CfgNode, input_shape: ShapeSpec | None = None, clip: LoadedCLIP | None = None
    ) -> dict:
        node = cfg.MODEL.CLIP
        if node.DENSE_ATTENTION != "maskclip":
            raise ValueError(
                f'MODEL.CLIP.DENSE_ATTENTION="{node.DENSE_ATTENTION}" rewrites the attention of '
                "the last block, which a ResNet does not have; with CLIPResNet use maskclip, the "
                "value path of its attention pool."
            )
        clip = load_clip_from_config(cfg, clip)
        interpolation = node.POSITIONAL_EMBEDDING
        return {
            "visual": clip.model.visual,
            "interpolation": "scale" if interpolation == "auto" else interpolation,
            "pixel_mean": clip.pixel_mean,
            "pixel_std": clip.pixel_std,
        }

    @property
    def patch_size(self) -> int:
        return _STRIDE

    def output_shape(self) -> dict[str, ShapeSpec]:
        embed_dim = self.visual.attnpool.c_proj.out_features
        return {
            "patch_tokens": ShapeSpec(channels=embed_dim, stride=_STRIDE),
            "class_token": ShapeSpec(channels=embed_dim),
        }

    def forward(
        self, images: Tensor, *, attention_layers: Collection[int] = ()
    ) -> dict[str, Tensor]:
        """See `CLIPBackbone.forward`; raises `ValueError` if attention is asked for."""
        if attention_layers:
            raise ValueError(
                f"CLIPResNet has no attention, asked for that of layers {list(attention_layers)}; "
                "use an affinity head with an encoder of its own, for example DINOAffinity."
            )
        x = self._feature_map(images)
        pool = self.visual.attnpool
        dense = pool.c_proj(pool.v_proj(x.flatten(2).mT))
        return {
            "patch_tokens": dense.float().mT.unflatten(2, x.shape[2:]),
            "class_token": self._pool(x),
        }

    @property
    def encode_image_key(self) -> Hashable:
        return self.visual, self.interpolation

    def encode_image(self, images: Tensor) -> Tensor:
        return self._pool(self._feature_map(images))

    def _feature_map(self, images: Tensor) -> Tensor:
        """The input of the attention pool, (N, C, h, w)."""
        visual = self.visual
        x = images.to(visual.conv1.weight.dtype)
        for number in (1, 2, 3):
            x = getattr(visual, f"conv{number}")(x)
            x = F.relu(getattr(visual, f"bn{number}")(x))
        x = visual.avgpool(x)
        for stage in _STAGES:
            x = getattr(visual, stage)(x)
        return x

    def _pool(self, x: Tensor) -> Tensor:
        """The tower's own attention pool on a grid of any size: (N, C, h, w) -> (N, D), float32."""
        pool = self.visual.attnpool
        tokens = x.flatten(2).mT
        tokens = torch.cat([tokens.mean(dim=1, keepdim=True), tokens], dim=1)
        grid = (x.shape[2], x.shape[3])
        position = resize_positional_embedding(pool.positional_embedding, grid, self.interpolation)
        tokens = tokens + position.to(tokens.dtype)
        inputs = ((pool.q_proj, tokens[:, :1]), (pool.k_proj, tokens), (pool.v_proj, tokens))
        q, k, v = (
            projection(x).unflatten(2, (pool.num_heads, -1)).transpose(1, 2)
            for projection, x in inputs
        )
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return pool.c_proj(attended)[:, 0].float()

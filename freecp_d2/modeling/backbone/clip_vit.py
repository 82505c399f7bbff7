"""
CLIPViT: the vision transformer of a CLIP as a Detectron2 backbone.

Shapes: N windows, T = 1 + h * w tokens (class token first), C width, D embedding.
"""

from collections.abc import Collection, Hashable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import BACKBONE_REGISTRY, CfgNode, ShapeSpec, configurable
from ...utils.precision import layer_norm
from .base import CLIPBackbone, check_interpolation, resize_positional_embedding
from .clip_loading import LoadedCLIP, load_clip_from_config
from .dense_attention import DenseAttention, run_block


@BACKBONE_REGISTRY.register()
class CLIPViT(CLIPBackbone):
    """
    A ViT of `clip` or `open_clip` with a feature for every patch, for inputs of any size.

    The unmodified tower gives the class token and the attention; its last block(s), rewritten by a
    `DenseAttention`, give the patch tokens.
    """

    visual: Any  # the libraries' towers share attributes, not a type

    @configurable
    def __init__(
        self,
        *,
        visual: Any,
        dense_attention: DenseAttention,
        interpolation: str = "scale",
        pixel_mean: tuple[float, ...],
        pixel_std: tuple[float, ...],
    ):
        """
        Args:
            visual: `clip.model.VisionTransformer` or `open_clip.transformer.VisionTransformer`.
            dense_attention: the method's last block(s).
            interpolation: of the positional embedding, one of `INTERPOLATIONS`.

        Raises:
            ValueError: the tower is no plain ViT, or too shallow for `dense_attention`.
        """
        super().__init__()
        _check_plain_vit(visual)
        blocks = visual.transformer.resblocks
        if dense_attention.num_blocks > len(blocks):
            raise ValueError(
                f"{dense_attention.name} rewrites the last {dense_attention.num_blocks} blocks, "
                f"this ViT has {len(blocks)}; lower MODEL.CLIP.GEM_BLOCKS."
            )
        check_interpolation(interpolation)
        self.visual = visual.eval().requires_grad_(False)
        self.dense_attention = dense_attention
        self.interpolation = interpolation
        self.pixel_mean, self.pixel_std = pixel_mean, pixel_std

    @classmethod
    def from_config(
        cls, cfg: CfgNode, input_shape: ShapeSpec | None = None, clip: LoadedCLIP | None = None
    ) -> dict:
        clip = load_clip_from_config(cfg, clip)
        node = cfg.MODEL.CLIP
        name, is_custom = node.DENSE_ATTENTION, node.DENSE_PRESET == "custom"
        preset = "freecp" if is_custom else node.DENSE_PRESET
        dense = DenseAttention.from_preset(name, preset, gem_blocks=node.GEM_BLOCKS)
        if is_custom and name != "gem":
            dense = replace(dense, residual=node.DENSE_RESIDUAL, mlp=node.DENSE_MLP)
        interpolation = node.POSITIONAL_EMBEDDING
        if interpolation == "auto":
            interpolation = "size_antialias" if name == "gem" else "scale"
        return {
            "visual": clip.model.visual,
            "dense_attention": dense,
            "interpolation": interpolation,
            "pixel_mean": clip.pixel_mean,
            "pixel_std": clip.pixel_std,
        }

    @property
    def patch_size(self) -> int:
        return self.visual.conv1.kernel_size[0]

    @property
    def num_layers(self) -> int:
        return len(self.visual.transformer.resblocks)

    def output_shape(self) -> dict[str, ShapeSpec]:
        embed_dim = self.visual.proj.shape[1]
        return {
            "patch_tokens": ShapeSpec(channels=embed_dim, stride=self.patch_size),
            "class_token": ShapeSpec(channels=embed_dim),
            "attention": ShapeSpec(channels=self.num_layers, stride=self.patch_size),
        }

    def forward(
        self, images: Tensor, *, attention_layers: Collection[int] = ()
    ) -> dict[str, Tensor]:
        x, grid = self._embed(images)
        blocks = list(self.visual.transformer.resblocks)
        first_dense = len(blocks) - self.dense_attention.num_blocks
        dense_inputs: list[Tensor] = []
        total, num_attentions = None, 0
        for layer, block in enumerate(blocks):
            if layer >= first_dense:
                dense_inputs.append(x)
            num_queries = 1 if block is blocks[-1] else None
            x, attention = run_block(
                block, x, num_queries=num_queries, need_attention=layer in attention_layers
            )
            if attention is not None:
                total = attention if total is None else total.add_(attention)
                num_attentions += 1
        dense = self._project(self.dense_attention(blocks[first_dense:], dense_inputs)[:, 1:])
        output = {
            "patch_tokens": dense.transpose(1, 2).unflatten(2, grid),
            "class_token": self._project(x[:, 0]),
        }
        if total is not None:
            output["attention"] = (total / num_attentions)[:, None]
        return output

    @property
    def encode_image_key(self) -> Hashable:
        return self.visual, self.interpolation

    def encode_image(self, images: Tensor) -> Tensor:
        x, _ = self._embed(images)
        blocks = list(self.visual.transformer.resblocks)
        for block in blocks[:-1]:
            x, _ = run_block(block, x)
        x, _ = run_block(blocks[-1], x, num_queries=1)
        return self._project(x[:, 0])

    def _embed(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Input tokens of the first block, (N, T, C), and the patch grid (h, w)."""
        visual = self.visual
        patches = visual.conv1(images.to(visual.conv1.weight.dtype))
        grid = (patches.shape[2], patches.shape[3])
        patches = patches.flatten(2).transpose(1, 2)
        class_token = visual.class_embedding.to(patches.dtype).expand(len(images), 1, -1)
        position = resize_positional_embedding(
            visual.positional_embedding, grid, self.interpolation
        )
        x = torch.cat([class_token, patches], dim=1) + position.to(patches.dtype)
        return layer_norm(visual.ln_pre, x), grid

    def _project(self, x: Tensor) -> Tensor:
        """ln_post and the projection into the joint space; the result is float32."""
        return (layer_norm(self.visual.ln_post, x) @ self.visual.proj).float()


def _check_plain_vit(visual: Any) -> None:
    """Raise `ValueError` for a tower whose forward pass differs from a plain ViT's."""
    blocks = getattr(getattr(visual, "transformer", None), "resblocks", ())
    if not all(hasattr(visual, name) for name in ("conv1", "class_embedding", "transformer")):
        reason = "it is no ViT with a class token"
    elif getattr(visual, "attn_pool", None) is not None:
        reason = "it pools by attention"
    elif getattr(visual, "pool_type", "tok") != "tok":
        reason = f"it pools by '{visual.pool_type}', not by the class token"
    elif getattr(visual, "final_ln_after_pool", False):
        reason = "it normalises after pooling"
    elif visual.proj is None:
        reason = "it has no projection into the joint space"
    elif not all(isinstance(getattr(b, "attn", None), nn.MultiheadAttention) for b in blocks):
        reason = "its blocks do not use plain multi-head attention"
    else:
        return
    raise ValueError(
        f"CLIPViT cannot run {type(visual).__name__}: {reason}; choose a plain ViT of `clip` or "
        "`open_clip` (for example ViT-B/16) in MODEL.CLIP.ARCH."
    )

"""
CLIPViT: the vision transformer of a CLIP as a Detectron2 backbone.

Shapes: N windows, T = 1 + h * w tokens (class token first), C width, D embedding.
"""

from collections.abc import Collection, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import BACKBONE_REGISTRY, CfgNode, ShapeSpec, configurable
from ...utils.device import layer_norm
from .base import CLIPBackbone, LoadedCLIP, check_interpolation, resize_positional_embedding
from .clip_loading import load_clip_from_config
from .dense_attention import (
    BlockFeatures,
    DenseAttention,
    TowerSpec,
    build_dense_attention,
    run_block,
    run_blocks,
)


@BACKBONE_REGISTRY.register()
class CLIPViT(CLIPBackbone):
    """
    A ViT of `clip` or `open_clip` with a feature for every patch, for inputs of any size.

    The unmodified tower gives the class token and the attention; a `DenseAttention` computes the
    patch tokens from its blocks.
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
            dense_attention: the base method.
            interpolation: of the positional embedding, one of `INTERPOLATIONS`.

        Raises:
            ValueError: the tower is no plain ViT, or too shallow for `dense_attention`.
        """
        super().__init__()
        dense_attention.check(tower_spec(visual))
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
        dense = build_dense_attention(cfg, tower_spec(clip.model.visual))
        interpolation = cfg.MODEL.CLIP.POSITIONAL_EMBEDDING
        return {
            "visual": clip.model.visual,
            "dense_attention": dense,
            "interpolation": dense.interpolation if interpolation == "auto" else interpolation,
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
        shape = {
            "patch_tokens": ShapeSpec(channels=embed_dim, stride=self.patch_size),
            "class_token": ShapeSpec(channels=embed_dim),
            "attention": ShapeSpec(channels=self.num_layers, stride=self.patch_size),
        }
        if self.dense_attention.gives_clusters:
            shape["clusters"] = ShapeSpec(stride=1)
        return shape

    @property
    def reads_text(self) -> bool:
        return self.dense_attention.needs.text

    def forward(
        self,
        images: Tensor,
        *,
        attention_layers: Collection[int] = (),
        text_features: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """See `CLIPBackbone.forward`; `ValueError` without features of words that are read."""
        methods = [self.dense_attention]
        (output,) = self.forward_with(methods, images, attention_layers, text_features)
        return output

    def forward_with(
        self,
        methods: Sequence[DenseAttention],
        images: Tensor,
        attention_layers: Collection[int],
        text_features: Tensor | None = None,
    ) -> list[dict[str, Tensor]]:
        """The outputs of `forward` with each of several base methods; the tower runs once."""
        for method in methods:
            if method.needs.text and text_features is None:
                raise ValueError(
                    f'MODEL.CLIP.DENSE_ATTENTION="{method.name}" reads the features of the words; '
                    "pass text_features."
                )
        x, grid = self._embed(images)
        blocks, needs = list(self.visual.transformer.resblocks), [m.needs for m in methods]
        x, attention, collected = run_blocks(
            self.step(run_block), blocks, x, needs, attention_layers
        )
        shared = {"class_token": self._project(x[:, 0])}
        if attention is not None:
            shared["attention"] = attention[:, None]
        outputs = []
        for method, kept in zip(methods, collected, strict=True):
            features = BlockFeatures(
                blocks=blocks,
                grid=grid,
                project=self._project,
                images=self._pixels(images) if method.needs.images else None,
                text=text_features if method.needs.text else None,
                **kept,
            )
            dense, dense_grid = method(features)
            patches = self._project(dense).transpose(1, 2).unflatten(2, dense_grid)
            outputs.append({"patch_tokens": patches, **shared})
            if method.gives_clusters:
                outputs[-1] |= method.clusters(features, (images.shape[2], images.shape[3]))
        return outputs

    @property
    def encode_image_key(self) -> Hashable:
        return self.visual, self.interpolation

    def encode_image(self, images: Tensor) -> Tensor:
        x, _ = self._embed(images)
        *blocks, last = self.visual.transformer.resblocks
        run = self.step(run_block)
        for block in blocks:
            x, _ = run(block, x)
        x, _ = run(last, x, num_queries=1)
        return self._project(x[:, 0])

    def _embed(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Input tokens of the first block, (N, T, C), and the patch grid (h, w)."""
        visual = self.visual
        patches = visual.conv1(images.to(visual.conv1.weight.dtype))
        grid = (patches.shape[2], patches.shape[3])
        patches = patches.flatten(2).transpose(1, 2)
        class_token = visual.class_embedding.to(patches.dtype).expand(images.shape[0], 1, -1)
        position = resize_positional_embedding(
            visual.positional_embedding, grid, self.interpolation
        )
        x = torch.cat([class_token, patches], dim=1) + position.to(patches.dtype)
        return layer_norm(visual.ln_pre, x), grid

    def _pixels(self, images: Tensor) -> Tensor:
        """RGB in [0, 255] of normalised images, (N, 3, H, W)."""
        mean, std = (
            torch.tensor(v, dtype=images.dtype).view(-1, 1, 1).to(images.device)
            for v in (self.pixel_mean, self.pixel_std)
        )
        return (images * std + mean).float()

    def _project(self, x: Tensor) -> Tensor:
        """ln_post and the projection into the joint space; the result is float32."""
        return (layer_norm(self.visual.ln_post, x) @ self.visual.proj).float()


def tower_spec(visual: Any) -> TowerSpec:
    """What base methods may know of a plain ViT; `ValueError` for a tower that is none."""
    blocks: Any = getattr(getattr(visual, "transformer", None), "resblocks", ())
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
        attn = blocks[0].attn
        return TowerSpec(len(blocks), attn.num_heads, attn.embed_dim, visual.conv1.kernel_size[0])
    raise ValueError(
        f"CLIPViT cannot run {type(visual).__name__}: {reason}; choose a plain ViT of `clip` or "
        "`open_clip` (for example ViT-B/16) in MODEL.CLIP.ARCH."
    )

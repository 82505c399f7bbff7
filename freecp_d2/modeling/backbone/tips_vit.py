"""
TIPSViT: the vision transformer of a TIPSv2 as a Detectron2 backbone.

Shapes: N windows, R registers, T = 1 + R + h * w tokens (class token first), C width, also of the
joint space.
"""

from collections.abc import Collection, Hashable
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from ...d2 import BACKBONE_REGISTRY, CfgNode, ShapeSpec, configurable
from ...utils.device import layer_norm
from .base import CLIPBackbone, LoadedCLIP
from .clip_loading import load_clip_from_config
from .dense_attention.blocks import RunningMean, attention_weights, mean_over_heads


@BACKBONE_REGISTRY.register()
class TIPSViT(CLIPBackbone):
    """
    A `transformers.Tipsv2VisionModel` with a feature for every patch, for inputs of any size.

    The patch tokens are the last layer's value path, MaskCLIP's, with residual, MLP and layer
    scale, as its authors evaluate it
    (https://github.com/google-deepmind/tips, pytorch/TIPS_zeroshot_segmentation.ipynb, Apache-2.0).
    """

    visual: Any  # transformers is optional

    @configurable
    def __init__(self, *, visual: Any, pixel_mean: tuple[float, ...], pixel_std: tuple[float, ...]):
        """`visual`: a `transformers.Tipsv2VisionModel`; another tower is a `ValueError`."""
        super().__init__()
        kind = getattr(getattr(visual, "config", None), "model_type", type(visual).__name__)
        if kind != "tipsv2_vision_model":
            raise ValueError(
                f"TIPSViT cannot run {kind}; use MODEL.CLIP.LIBRARY transformers and "
                "MODEL.CLIP.ARCH tipsv2, or the backbone CLIPViT."
            )
        self.visual = visual.eval().requires_grad_(False)
        self.pixel_mean, self.pixel_std = pixel_mean, pixel_std

    @classmethod
    def from_config(
        cls, cfg: CfgNode, input_shape: ShapeSpec | None = None, clip: LoadedCLIP | None = None
    ) -> dict:
        node = cfg.MODEL.CLIP
        for key, only in (
            ("DENSE_ATTENTION", "maskclip"),
            ("DENSE_PRESET", "original"),
            ("POSITIONAL_EMBEDDING", "auto"),
        ):
            if node[key] != only:
                raise ValueError(
                    f'MODEL.CLIP.{key}="{node[key]}" is not for TIPSViT, which has the value path '
                    f"of its authors only; use {only} (configs/Base-TIPS.yaml)."
                )
        clip = load_clip_from_config(cfg, clip)
        return {
            "visual": clip.model.visual,
            "pixel_mean": clip.pixel_mean,
            "pixel_std": clip.pixel_std,
        }

    @property
    def patch_size(self) -> int:
        return self.visual.embeddings.patch_embeddings.projection.kernel_size[0]

    def output_shape(self) -> dict[str, ShapeSpec]:
        width, patch = self.visual.config.hidden_size, self.patch_size
        return {
            "patch_tokens": ShapeSpec(channels=width, stride=patch),
            "class_token": ShapeSpec(channels=width),
            "attention": ShapeSpec(channels=len(self.visual.encoder.layer), stride=patch),
        }

    def forward(
        self, images: Tensor, *, attention_layers: Collection[int] = ()
    ) -> dict[str, Tensor]:
        """See `CLIPBackbone.forward`. The registers are left out of "attention"."""
        grid = tuple(side // self.patch_size for side in images.shape[-2:])
        x, mean = self.visual.embeddings(images), RunningMean()
        first = 1 + self.visual.config.num_register_tokens
        kept = [0, *range(first, x.shape[1])]
        layers, run = self.visual.encoder.layer, self.step(run_layer)
        for number, layer in enumerate(layers):
            tokens, num_queries = x, 1 if number == len(layers) - 1 else None
            x, attention = run(
                layer, x, num_queries=num_queries, need_attention=number in attention_layers
            )
            if attention is not None:
                mean.add(mean_over_heads(attention)[:, kept][:, :, kept])
        dense = self._normalise(value_path(layers[-1], tokens[:, first:]))
        output = {
            "patch_tokens": dense.mT.unflatten(2, grid),
            "class_token": self._normalise(x[:, 0]),
        }
        if (attention := mean.value) is not None:
            output["attention"] = attention[:, None]
        return output

    @property
    def encode_image_key(self) -> Hashable:
        return self.visual

    def encode_image(self, images: Tensor) -> Tensor:
        x, run = self.visual.embeddings(images), self.step(run_layer)
        for layer in self.visual.encoder.layer:
            x, _ = run(layer, x)
        return self._normalise(x[:, 0])

    def _normalise(self, x: Tensor) -> Tensor:
        """The final norm; float32."""
        return layer_norm(self.visual.layernorm, x).float()


def run_layer(
    layer: Any, x: Tensor, *, num_queries: int | None = None, need_attention: bool = False
) -> tuple[Tensor, Tensor | None]:
    """
    A `Tipsv2VisionLayer` on tokens (N, T, C), in any precision.

    Returns the first `num_queries` output tokens (None: all), and the attention of each head,
    (N, H, T, T), or None.
    """
    attn, normed = layer.attention, layer_norm(layer.norm1, x)
    q, k, v = (
        projection(normed).unflatten(2, (attn.num_attention_heads, -1)).transpose(1, 2)
        for projection in (attn.q_proj, attn.k_proj, attn.v_proj)
    )
    attention = attention_weights(q, k) if need_attention else None
    if attention is not None:
        heads = (attention @ v)[:, :, :num_queries]
    else:
        heads = F.scaled_dot_product_attention(q[:, :, :num_queries], k, v)
    return _finish(layer, x[:, :num_queries], heads.transpose(1, 2).flatten(2)), attention


def value_path(layer: Any, x: Tensor) -> Tensor:
    """The layer with each token attending to itself only: (N, T, C) -> (N, T, C)."""
    return _finish(layer, x, layer.attention.v_proj(layer_norm(layer.norm1, x)))


def _finish(layer: Any, x: Tensor, attended: Tensor) -> Tensor:
    """Output projection, MLP, layer scales and residuals of attended values (N, T, C)."""
    x = x + layer.layer_scale1(layer.attention.o_proj(attended))
    return x + layer.layer_scale2(layer.mlp(layer_norm(layer.norm2, x)))

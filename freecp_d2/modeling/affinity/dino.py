"""
DINO and DINOv2 as affinity: similarity of patches in a self-supervised ViT.

Shapes: N windows, C width, h' x w' the ViT's own grid, P' = h' * w'.
"""

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor

from ...d2 import CfgNode, ShapeSpec, configurable
from ...utils.precision import precision_for
from ..inputs import PixelNormalisation
from .build import AFFINITY_HEAD_REGISTRY, balancing_options
from .clip_attention import resolve_layers
from .encoder import (
    EncoderAffinity,
    backbone_grid,
    check_options,
    cosine_affinity,
    find_pretrained,
    load_strictly,
    refuse_other_kind,
    require_library,
    resample,
    resample_matrix,
    resize,
)

_KEY = "MODEL.AFFINITY_HEAD.DINO"
_EXAMPLES = "vit_base_patch16_224.dino or vit_base_patch14_dinov2.lvd142m"

SOURCES = ("features", "attention")
"""
features: cosines of the last layer's normalised patch tokens ("DINO features", Sec. 4).
attention: Eq. (2) with DINO's layers in place of CLIP's.
"""


@AFFINITY_HEAD_REGISTRY.register()
class DINOAffinity(EncoderAffinity):
    """Tab. 5, "DINO", and the affinity of Tab. 6's ResNet. `timm` runs the ViT at any size."""

    encoder: Any  # timm.models.VisionTransformer; the library is optional

    @configurable
    def __init__(
        self,
        *,
        encoder: Any,
        source: str = "features",
        layers: Collection[int] = (),
        power: float = 1.0,
        input_size: int = 0,
        **options: Any,
    ):
        """
        Args:
            encoder: a `timm` VisionTransformer, made with `dynamic_img_size=True`.
            source: one of `SOURCES`.
            layers: of the attention, see `resolve_layers`.
            power: of the features, see `cosine_affinity`.
            input_size: shorter side in pixels to which windows are resized; 0: their own.

        Raises:
            ValueError: unknown source or layer; a size or power out of range.
        """
        super().__init__(encoder, **options)
        if source not in SOURCES:
            raise ValueError(f'{_KEY}.SOURCE="{source}" is unknown; use one of {SOURCES}.')
        check_options(_KEY, input_size=input_size, power=power)
        self.source, self.power, self.input_size = source, power, input_size
        self.layers: frozenset[int] = frozenset()
        if source == "attention":
            self.layers = resolve_layers(layers, len(encoder.blocks), f"{_KEY}.LAYERS")
        # ImageNet's mean and std, as DINO and DINOv2 were trained; the defaults of timm may differ.
        mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
        self.pixels = PixelNormalisation(mean, std, "RGB")

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict:
        require_library("timm", extra="dino", head=cls.__name__)
        node = cfg.MODEL.AFFINITY_HEAD.DINO
        return {
            "encoder": load_dino(node.ARCH, node.PRETRAINED),
            "source": node.SOURCE,
            "layers": node.LAYERS,
            "power": node.COSINE_POWER,
            "input_size": node.INPUT_SIZE,
            "precision": precision_for(cfg.MODEL.PRECISION, cfg.MODEL.DEVICE),
            **balancing_options(cfg),
        }

    @torch.no_grad()
    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """See `AffinityHead.affinity`; symmetric from features, not from attention."""
        grid, patch = backbone_grid(features), self.encoder.patch_embed.patch_size[0]
        images = self.pixels(resize(images, self.input_size, patch))
        own_grid = (images.shape[-2] // patch, images.shape[-1] // patch)
        with self.autocast(images.device):
            if self.source == "attention":
                found = patch_attention(self.encoder, images, self.layers)
            else:
                found = patch_features(self.encoder, images)
        if self.source == "attention":
            return resample_matrix(found, own_grid, grid)
        return cosine_affinity(resample(found.unflatten(-1, own_grid), grid), self.power)


def patch_features(vit: Any, images: Tensor) -> Tensor:
    """Patch tokens of a `timm` ViT after the final norm, float32, (N, C, P')."""
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


def load_dino(arch: str, pretrained: str) -> Any:
    """
    A `timm` VisionTransformer with weights, for images of any size.

    Args:
        arch: timm's name of the architecture, "vit_base_patch16_224.dino".
        pretrained: "timm" to download timm's weights; else, see `find_weights`, the state dict of
            a backbone by timm or by facebookresearch/dino or dinov2, or their training checkpoint,
            of which the teacher is taken.

    Raises:
        ValueError: unknown ViT, no weights, or weights of another ViT.
        FileNotFoundError, ConnectionError: the weights cannot be found or downloaded.
    """
    if pretrained == "timm":
        return _download(arch)
    from timm.models.vision_transformer import checkpoint_filter_fn

    from ...checkpoint.reading import read_state_dict, without_prefix
    from ...checkpoint.recognition import VIT_KINDS

    path = find_pretrained(f"{_KEY}.PRETRAINED", pretrained, "dino:vitb16")
    vit = _build(arch, pretrained=False)
    state = read_state_dict(path)
    advice = (
        f"{_KEY}.PRETRAINED takes a .pth of facebookresearch/dino or dinov2, or a file of timm."
    )
    refuse_other_kind(state, VIT_KINDS, path, advice)
    state = without_prefix(state, ["patch_embed.proj.weight"], path)
    _check_sizes(vit, state, arch, path)
    if "register_tokens" in state:  # timm recognises the authors' format by the mask token
        state.setdefault("mask_token", torch.zeros(1))
    load_strictly(
        vit, checkpoint_filter_fn(state, vit), path, f"change {_KEY}.ARCH ({arch}) or PRETRAINED."
    )
    return vit


def _download(arch: str) -> Any:
    if "dino" not in arch:
        raise ValueError(
            f'{_KEY}.PRETRAINED="timm" would load timm\'s weights of {arch}, which are not '
            'DINO\'s; name those in ARCH, for example "vit_base_patch16_224.dino".'
        )
    try:
        return _build(arch, pretrained=True)
    except (OSError, RuntimeError) as error:  # the hub's errors are OSErrors
        raise ConnectionError(
            f"timm could not get the weights of {arch} ({error}). Give the path of a file in "
            f'{_KEY}.PRETRAINED, or a name of the catalogue such as "dino:vitb16".'
        ) from error


def _build(arch: str, *, pretrained: bool) -> Any:
    import timm
    from timm.models.vision_transformer import Attention, VisionTransformer

    if not timm.is_model(arch):
        raise ValueError(f'{_KEY}.ARCH="{arch}" is no model of timm; use for example {_EXAMPLES}.')
    try:
        timm.get_pretrained_cfg(arch, allow_unregistered=False)
    except RuntimeError as error:  # an unknown tag behind the dot
        raise ValueError(f'{_KEY}.ARCH="{arch}": {error}; use for example {_EXAMPLES}.') from error
    try:
        vit = timm.create_model(arch, pretrained=pretrained, num_classes=0, dynamic_img_size=True)
    except TypeError as error:
        raise ValueError(
            f'{_KEY}.ARCH="{arch}" takes images of one size only ({error}), so it is no ViT of '
            f"DINO; use for example {_EXAMPLES}."
        ) from error
    is_plain = isinstance(vit, VisionTransformer) and all(
        isinstance(block.attn, Attention) for block in vit.blocks
    )
    if not is_plain:
        raise ValueError(
            f'{_KEY}.ARCH="{arch}" is no plain ViT ({type(vit).__name__}), so its attention cannot '
            f"be read; use for example {_EXAMPLES}."
        )
    return vit


def _check_sizes(vit: Any, state: dict[str, Tensor], arch: str, path: str) -> None:
    """Refuse the weights of another ViT, whose patches `timm` would resample."""
    projection = state.get("patch_embed.proj.weight")
    if projection is None or projection.ndim != 4:
        raise ValueError(
            f"{path} is no ViT of DINO: it has no patch_embed.proj.weight, but "
            f"{', '.join(sorted(state)[:5])}, ...; give a .pth of facebookresearch/dino or dinov2, "
            f"or a file of timm, in {_KEY}.PRETRAINED."
        )
    num_layers = len({key.split(".")[1] for key in state if key.startswith("blocks.")})
    registers = state.get("register_tokens", state.get("reg_token", torch.empty(1, 0)))
    found = (len(projection), num_layers, projection.shape[-1], registers.shape[1])
    own_registers = 0 if vit.reg_token is None else vit.reg_token.shape[1]
    patch = vit.patch_embed.patch_size[0]
    expected = (vit.embed_dim, len(vit.blocks), patch, own_registers)
    if found != expected:
        has_registers = found[3] > own_registers
        hint = "an ARCH with registers, such as vit_base_patch14_reg4_dinov2.lvd142m"
        raise ValueError(
            f"{path} holds a ViT of (width, layers, patch, registers) = {found}, "
            f'{_KEY}.ARCH="{arch}" means {expected}; '
            + (f"use {hint}." if has_registers else "change one of the two.")
        )

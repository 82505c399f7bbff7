"""Image towers of both libraries with random weights."""

import copy
import functools
import warnings

import torch
from torch import Tensor, nn

from freecp_d2.modeling.backbone import CLIPViT

from .parity import PIXEL_MEAN, PIXEL_STD, base_method
from .random_clip import TINY, random_clip


def rand_normal(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal, the same on every run."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def shaken(tower: nn.Module, seed: int) -> nn.Module:
    """Perturb every parameter: initial zeros and ones would hide mistakes."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in tower.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return tower.eval().requires_grad_(False)


@functools.cache
def _clip_tower() -> nn.Module:
    return shaken(random_clip(TINY).visual, seed=1)


def clip_tower() -> nn.Module:
    """`clip.model.VisionTransformer`: width 64, 3 layers, 1 head, patch 8, native size 32."""
    return copy.deepcopy(_clip_tower())


def two_head_tower() -> nn.Module:
    """The same with two heads; `clip.model.CLIP` would set one head for 64 channels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from clip.model import VisionTransformer
    torch.manual_seed(0)
    return shaken(VisionTransformer(32, 8, 64, 3, 2, 32), seed=2)


def open_clip_tower(**options: object) -> nn.Module:
    """`open_clip.transformer.VisionTransformer` of the same size, two heads."""
    from open_clip.transformer import VisionTransformer

    torch.manual_seed(0)
    tower = VisionTransformer(
        image_size=32,
        patch_size=8,
        width=64,
        layers=3,
        heads=2,
        mlp_ratio=4.0,
        output_dim=32,
        **options,
    )
    return shaken(tower, seed=3)


def backbone_of(visual: nn.Module, method: str = "sclip", preset: str = "freecp") -> CLIPViT:
    return CLIPViT(
        visual=visual,
        dense_attention=base_method(method, preset, num_blocks=2),
        interpolation="size_antialias" if method == "gem" else "scale",
        pixel_mean=PIXEL_MEAN,
        pixel_std=PIXEL_STD,
    )

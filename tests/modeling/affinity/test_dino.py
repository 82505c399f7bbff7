"""DINOAffinity: timm's own features and attention at any size, and refused options."""

import pytest
import torch
import torch.nn.functional as F
from timm.utils import AttentionExtract

from freecp_d2.modeling.affinity import DINOAffinity
from freecp_d2.modeling.affinity.dino import patch_attention, patch_features
from freecp_d2.modeling.resampling import resample
from tests.helpers.random_affinity import DINO, DINOV2, DINOV3, random_dino

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def windows(num=2, height=48, width=48, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 255 * torch.rand(num, 3, height, width, generator=generator)


def grid_of(num, h, w):
    return {"patch_tokens": torch.zeros(num, 4, h, w)}


def test_features_are_the_librarys():
    for arch, patch, size in [(DINO, 8, (48, 40)), (DINO, 8, (32, 32)), (DINOV2, 7, (42, 28))]:
        vit, images = random_dino(arch), windows(2, *size)
        with torch.no_grad():
            (expected,) = vit.forward_intermediates(
                (images / 255 - MEAN) / STD, indices=1, norm=True, intermediates_only=True
            )
        tokens = F.normalize(expected.flatten(2), dim=1)
        grid = grid_of(2, size[0] // patch, size[1] // patch)
        found = DINOAffinity(encoder=vit).affinity(images, grid)
        # Same functions, sums in another order.
        expected = (tokens.mT @ tokens).clamp(min=1e-6)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_dinov3_at_any_size():
    """With the pixel statistics of its weights, here those of satellite images."""
    vit, images = random_dino(DINOV3), windows(2, 48, 40)
    mean, std = (
        torch.tensor(values).view(3, 1, 1)
        for values in ([0.430, 0.411, 0.296], [0.213, 0.156, 0.143])
    )
    with torch.no_grad():
        (expected,) = vit.forward_intermediates(
            (images / 255 - mean) / std, indices=1, norm=True, intermediates_only=True
        )
    head = DINOAffinity(encoder=vit)
    found, grid = head.similarity(images, grid_of(2, 6, 5))
    assert grid == (6, 5)
    tokens = F.normalize(expected.flatten(2), dim=1)
    torch.testing.assert_close(found, tokens.mT @ tokens, rtol=0, atol=1e-5)
    affinity = head.affinity(images, grid_of(2, 6, 5))
    torch.testing.assert_close(affinity, found.clamp(min=1e-6), rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match=r'SOURCE="attention".*DINOv3; use features'):
        DINOAffinity(encoder=vit, source="attention")


@pytest.mark.parametrize("arch", [DINO, DINOV2])
def test_attention_is_the_librarys(arch):
    """Against timm's own extraction behind the softmax."""
    vit, images = random_dino(arch), windows(2, 56, 56) / 255
    all_layers = ([0], [1], [0, 1])
    found = [patch_attention(vit, images, layers) for layers in all_layers]
    for block in vit.blocks:
        block.attn.fused_attn = False
    with torch.no_grad():
        extracted = AttentionExtract(vit, names=["*.attn_drop"], method="hook")(images)
    first = vit.num_prefix_tokens
    for layers, one in zip(all_layers, found, strict=True):
        maps = [extracted[f"blocks.{layer}.attn.attn_drop"].mean(1) for layer in layers]
        expected = torch.stack(maps).mean(0)[:, first:, first:]
        # Same functions, sums in another order; values in [0, 1].
        torch.testing.assert_close(one, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("source", ["features", "attention"])
def test_another_grid_and_size(source):
    """Patches of 7 pixels on windows of 40 x 56: resized to 42 x 56, resampled to 5 x 7."""
    vit, images = random_dino(DINOV2), windows(2, 40, 56)
    head = DINOAffinity(encoder=vit, source=source)
    found = head.affinity(images, grid_of(2, 5, 7))
    seen = F.interpolate(images, (42, 56), mode="bilinear", antialias=True)
    seen = (seen / 255 - MEAN) / STD
    with torch.no_grad():
        if source == "features":
            tokens = resample(patch_features(vit, seen).unflatten(-1, (6, 8)), (5, 7))
            tokens = F.normalize(tokens.flatten(2), dim=1)
            expected = (tokens.mT @ tokens).clamp(min=1e-6)
        else:
            weights = resample(torch.eye(48).unflatten(-1, (6, 8)), (5, 7)).flatten(-2).mT
            expected = weights @ patch_attention(vit, seen, [0]) @ weights.mT
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_input_size():
    """Windows are resized to twice their size."""
    vit, images = random_dino(), windows(1, 32, 48)
    found = DINOAffinity(encoder=vit, input_size=64).affinity(images, grid_of(1, 8, 12))
    larger = F.interpolate(images, (64, 96), mode="bilinear", antialias=True)
    expected = DINOAffinity(encoder=vit).affinity(larger, grid_of(1, 8, 12))
    torch.testing.assert_close(found, expected)


def test_refused_options():
    for options, message in [
        ({"source": "keys"}, r'DINO\.SOURCE="keys".*features'),
        ({"source": "attention", "layers": [3]}, r"DINO\.LAYERS .*\[3\].*0 to 2"),
        ({"input_size": -5}, r"DINO\.INPUT_SIZE is -5"),
        ({"power": -1.0}, r"DINO\.COSINE_POWER is -1\.0"),
    ]:
        with pytest.raises(ValueError, match=message):
            DINOAffinity(encoder=random_dino(), **options)

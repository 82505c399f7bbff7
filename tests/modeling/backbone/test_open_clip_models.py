"""Every architecture of open_clip: run as it is, or refused with the reason."""

import logging
import warnings

import pytest
import torch

from freecp_d2.modeling.backbone import CLIPResNet, CLIPViT, DenseAttention
from freecp_d2.modeling.backbone.clip_loading import wants_quick_gelu
from tests.helpers.parity import PIXEL_MEAN, PIXEL_STD

PIXELS = {"pixel_mean": PIXEL_MEAN, "pixel_std": PIXEL_STD}
PLAIN = ["ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14", "ViT-bigG-14"]
RESNETS = ["RN50", "RN101", "RN50x4", "RN50x16", "RN50x64"]
OTHERS = {
    "coca_ViT-B-32": "it pools by attention",
    "ViT-L-14-CLIPA": "it pools by 'avg'",
    "convnext_base": "it is no ViT with a class token",
    "ViTamin-S": "it is no ViT with a class token",
    "ViT-B-16-SigLIP": "it is no ViT with a class token",
    "EVA02-B-16": "it is no ViT with a class token",
    "MobileCLIP-S1": "it is no ViT with a class token",
}


def visual(arch, **options):
    """The image tower without weights: shapes alone, in no memory."""
    import open_clip

    logging.disable(logging.WARNING)  # no weights are loaded, which is the point
    try:
        with warnings.catch_warnings(), torch.device("meta"):
            warnings.simplefilter("ignore")
            return open_clip.create_model(arch, device="meta", **options).visual
    finally:
        logging.disable(logging.NOTSET)


def vit_of(tower, method="sclip"):
    dense = DenseAttention.from_preset(method, "freecp")
    return CLIPViT(visual=tower, dense_attention=dense, **PIXELS)


@pytest.mark.parametrize("arch", [*PLAIN, "ViT-B-16-quickgelu", "ViT-H-14-378-quickgelu"])
def test_plain_vits(arch):
    tower = visual(arch)
    backbone = vit_of(tower, "gem")
    grid = tower.grid_size[0]
    assert backbone.patch_size == tower.image_size[0] // grid
    assert backbone.output_shape()["attention"].channels == len(tower.transformer.resblocks)


@pytest.mark.parametrize("arch", RESNETS)
def test_resnets(arch):
    tower = visual(arch)
    assert CLIPResNet(visual=tower, **PIXELS).output_shape()["patch_tokens"].stride == 32
    with pytest.raises(ValueError, match="CLIPViT cannot run ModifiedResNet"):
        vit_of(tower)


@pytest.mark.parametrize("arch", OTHERS)
def test_others_are_refused(arch):
    tower = visual(arch)
    with pytest.raises(ValueError, match=f"CLIPViT cannot run .*{OTHERS[arch]}"):
        vit_of(tower)
    with pytest.raises(ValueError, match="CLIPResNet cannot run"):
        CLIPResNet(visual=tower, **PIXELS)


@pytest.mark.parametrize(
    ("arch", "tag", "expected"),
    [
        ("ViT-B-16", "openai", True),
        ("ViT-B-16", "metaclip_400m", True),
        ("ViT-B-16", "dfn2b", True),
        ("ViT-L-14", "metaclip_fullcc", True),
        ("ViT-B-16", "laion2b_s34b_b88k", False),
        ("ViT-L-14", "laion2b_s32b_b82k", False),
        ("ViT-B-16", "a/path/of/weights.pt", False),
    ],
)
def test_activation_follows_the_weights(arch, tag, expected):
    assert wants_quick_gelu(arch, tag) == expected
    kinds = {type(block.mlp.gelu).__name__ for block in blocks(arch, expected)}
    assert kinds == {"QuickGELU" if expected else "GELU"}


def blocks(arch, quick_gelu):
    return visual(arch, force_quick_gelu=quick_gelu).transformer.resblocks

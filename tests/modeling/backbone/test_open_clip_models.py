"""Every architecture of open_clip: run as it is, or refused with the reason."""

import logging
import warnings

import pytest
import torch

from freecp_d2.modeling.backbone import CLIPResNet, CLIPViT
from freecp_d2.modeling.backbone.dense_attention import GEM
from freecp_d2.modeling.backbone.open_clip_loading import wants_quick_gelu
from tests.helpers.parity import PIXEL_MEAN, PIXEL_STD

PIXELS = {"pixel_mean": PIXEL_MEAN, "pixel_std": PIXEL_STD}
OTHERS = {
    "coca_ViT-B-32": "it pools by attention",
    "ViT-L-14-CLIPA": "it pools by 'avg'",
    "convnext_base": "it is no ViT with a class token",
    "ViTamin-S": "it is no ViT with a class token",
    "ViT-B-16-SigLIP": "it is no ViT with a class token",
    "EVA02-B-16": "it is no ViT with a class token",
    "MobileCLIP-S1": "it is no ViT with a class token",
}


def visual(arch):
    """The image tower without weights: shapes alone, in no memory."""
    import open_clip

    logging.disable(logging.WARNING)  # no weights are loaded, which is the point
    try:
        with warnings.catch_warnings(), torch.device("meta"):
            warnings.simplefilter("ignore")
            return open_clip.create_model(arch, device="meta").visual
    finally:
        logging.disable(logging.NOTSET)


def vit_of(tower):
    return CLIPViT(visual=tower, dense_attention=GEM(), **PIXELS)


def test_plain_vits():
    for arch in ("ViT-B-16", "ViT-L-14-336", "ViT-bigG-14", "ViT-B-16-quickgelu"):
        tower = visual(arch)
        backbone = vit_of(tower)
        assert backbone.patch_size == tower.image_size[0] // tower.grid_size[0]
        assert backbone.output_shape()["attention"].channels == len(tower.transformer.resblocks)


def test_resnets():
    for arch in ("RN50", "RN50x64"):
        tower = visual(arch)
        assert CLIPResNet(visual=tower, **PIXELS).output_shape()["patch_tokens"].stride == 32
        with pytest.raises(ValueError, match="CLIPViT cannot run ModifiedResNet"):
            vit_of(tower)


def test_others_are_refused():
    for arch, reason in OTHERS.items():
        tower = visual(arch)
        with pytest.raises(ValueError, match=f"CLIPViT cannot run .*{reason}"):
            vit_of(tower)
        with pytest.raises(ValueError, match="CLIPResNet cannot run"):
            CLIPResNet(visual=tower, **PIXELS)


def test_activation_follows_the_weights():
    for arch, tag, expected in [
        ("ViT-B-16", "openai", True),
        ("ViT-L-14", "metaclip_fullcc", True),
        ("ViT-B-16", "dfn2b", True),
        ("ViT-B-16", "laion2b_s34b_b88k", False),
        ("ViT-B-16", "a/path/of/weights.pt", False),
    ]:
        assert wants_quick_gelu(arch, tag) == expected

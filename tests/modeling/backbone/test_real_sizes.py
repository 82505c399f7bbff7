"""The released architectures in their own size, with random weights: as the libraries run them."""

import clip
import pytest
import torch

from freecp_d2.modeling.backbone import CLIPResNet, CLIPViT, DenseAttention
from freecp_d2.modeling.backbone.openai_layout import OPENAI_RESNETS, OPENAI_VITS
from freecp_d2.text import TextEncoder
from tests.helpers.parity import PIXEL_MEAN, PIXEL_STD

pytestmark = pytest.mark.slow
# Another order of sums over up to 1024 channels in up to 24 layers; values are around 1.
TOLERANCE = {"rtol": 0, "atol": 1e-4}
TEXT = {  # name: (embedding, width, heads) of the text tower
    "ViT-B/32": (512, 512, 8),
    "ViT-B/16": (512, 512, 8),
    "ViT-L/14": (768, 768, 12),
    "ViT-L/14@336px": (768, 768, 12),
    "RN50x16": (768, 768, 12),
}


def openai_model(arch):
    embed_dim, width, heads = TEXT[arch]
    if arch in OPENAI_VITS:
        vision_width, layers, patch, side = OPENAI_VITS[arch]
    else:
        (vision_width, layers, side), patch = OPENAI_RESNETS[arch], None
    torch.manual_seed(0)
    model = clip.model.CLIP(
        embed_dim, side, layers, vision_width, patch, 77, 49408, width, heads, 12
    )
    return model.eval().requires_grad_(False), side


def open_clip_model(arch):
    import open_clip

    torch.manual_seed(0)
    model = open_clip.create_model(arch, output_dict=False).eval().requires_grad_(False)
    return model, model.visual.image_size[0]


def backbone_of(visual, method="sclip", preset="freecp"):
    pixels = {"pixel_mean": PIXEL_MEAN, "pixel_std": PIXEL_STD}
    if hasattr(visual, "attnpool"):
        return CLIPResNet(visual=visual, **pixels)
    dense = DenseAttention.from_preset(method, preset)
    return CLIPViT(visual=visual, dense_attention=dense, **pixels)


@pytest.mark.parametrize("arch", TEXT)
def test_openai(arch):
    model, side = openai_model(arch)
    images = torch.randn(1, 3, side, side)
    found = backbone_of(model.visual)(images)["class_token"]
    torch.testing.assert_close(found, model.encode_image(images), **TOLERANCE)
    prompts = ["a photo of a cat.", "two dogs in the snow"]
    encoded = TextEncoder(model, clip.tokenize)(prompts)
    expected = model.encode_text(clip.tokenize(prompts))
    torch.testing.assert_close(encoded, expected, **TOLERANCE)


@pytest.mark.parametrize("arch", ["ViT-B-16", "ViT-L-14", "ViT-B-16-quickgelu"])
def test_open_clip(arch):
    model, side = open_clip_model(arch)
    images = torch.randn(1, 3, side, side)
    found = backbone_of(model.visual)(images)["class_token"]
    torch.testing.assert_close(found, model.encode_image(images), **TOLERANCE)
    model.visual.output_tokens = True
    _, tokens = model.visual(images)
    dense = backbone_of(model.visual, "vanilla", "original")(images)["patch_tokens"]
    torch.testing.assert_close(dense.flatten(2).mT, tokens @ model.visual.proj, **TOLERANCE)

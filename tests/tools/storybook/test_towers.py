"""The fast towers are `clip.model.CLIP`'s own, to rounding."""

import clip
import pytest
import torch

from tests.helpers.random_clip import TINY, random_clip

TEXTS = ["a cow", "a photo of a sheep next to a tent in front of a dark green forest.", "snow", ""]


@pytest.fixture
def towers(tools):
    return tools("towers")


@pytest.fixture(scope="module")
def model():
    """Patch 8 at 32 pixels: 16 patches; several heads, as the attention must split."""
    return random_clip(
        TINY | {"vision_width": 128, "transformer_width": 128, "transformer_heads": 2}
    )


def images(count=3, h=32, w=32):
    return torch.randn(count, 3, h, w, generator=torch.Generator().manual_seed(0))


def check_gradients(found, expected, parameters):
    """Training moves the same parameters by the same amounts."""
    mine, theirs = (
        torch.autograd.grad(features.square().sum(), list(parameters.values()))
        for features in (found, expected)
    )
    for name, a, b in zip(parameters, mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4 * b.abs().max().item(), msg=name)


def test_images(towers, model):
    found = towers.encode_image(model.visual, images())
    expected = model.encode_image(images())
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert (found[0] - found[1]).abs().max() > 0.05
    check_gradients(found, expected, dict(model.visual.named_parameters()))


def test_texts(towers, model):
    """Alone, beside a longer one, and of all 77 tokens."""
    tokens = clip.tokenize([*TEXTS, "cow " * 75])
    assert tokens[-1, -1] == TINY["vocab_size"] - 1
    found, expected = towers.encode_text(model, tokens), model.encode_text(tokens)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert (found[0] - found[2]).abs().max() > 0.05
    alone = torch.cat([towers.encode_text(model, row[None]) for row in tokens])
    torch.testing.assert_close(found, alone, rtol=0, atol=1e-5)
    parameters = {
        name: p
        for name, p in model.named_parameters()
        if not name.startswith("visual.") and name != "logit_scale"
    }
    check_gradients(found, expected, parameters)


def test_half_of_a_plain_image_is_half_the_image(towers, monkeypatch):
    """Without positions all patches are equal: eight of sixteen are an image of eight."""
    model = random_clip(TINY)
    plain = torch.ones(2, 3, 32, 32)
    with torch.no_grad():
        model.visual.positional_embedding[1:] = 0
        half = towers.encode_image(model.visual, plain, keep=0.5)
        full = towers.encode_image(model.visual, plain)
        short = torch.nn.Parameter(model.visual.positional_embedding[:9])
        monkeypatch.setattr(model.visual, "positional_embedding", short)
        expected = towers.encode_image(model.visual, plain[:, :, :16])
    torch.testing.assert_close(half, expected, rtol=0, atol=1e-5)
    assert (half - full).abs().max() > 1e-3  # the class token's own weight in attention

"""CachedBackbone gives the encoder's outputs and encodes the same pixels once."""

import pytest
import torch

from freecp_d2.d2 import build_backbone
from freecp_d2.modeling.backbone import build_clip_backbone, load_clip_from_config
from freecp_d2.modeling.backbone.cached import CachedBackbone, FeatureMemory

IMAGES = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(5))
CROPS = IMAGES[:, :, :16, :16]
LAYERS = (0, 1)


def count_calls(encoder, monkeypatch):
    """The calls of an encoder's two methods from now on, with the number of images of each."""
    calls = []

    def counted(name, function):
        def call(images, **options):
            calls.append((name, len(images)))
            return function(images, **options)

        return call

    for name in ("forward", "encode_image"):
        monkeypatch.setattr(encoder, name, counted(name, getattr(encoder, name)))
    return calls


@pytest.fixture
def encoder(tiny_cfg):
    return build_backbone(tiny_cfg)


@pytest.mark.parametrize("capacity", [1, 1 << 30])
def test_outputs_equal_those_of_the_encoder(encoder, capacity):
    cached = CachedBackbone(encoder, LAYERS, FeatureMemory(capacity))
    expected = encoder(IMAGES, attention_layers=LAYERS)
    for _ in range(2):
        found = cached(IMAGES, attention_layers=LAYERS)
        assert found.keys() == expected.keys()
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(cached.encode_image(IMAGES), encoder.encode_image(IMAGES))
    assert cached.patch_size == encoder.patch_size
    assert cached.output_shape() == encoder.output_shape()


def test_windows_are_encoded_once_with_or_without_attention(encoder, monkeypatch):
    cached, calls = CachedBackbone(encoder, LAYERS), count_calls(encoder, monkeypatch)
    alone = cached(IMAGES)["patch_tokens"]
    purified = cached(IMAGES.clone(), attention_layers=[1, 0])
    assert torch.equal(alone, purified["patch_tokens"])
    assert "attention" in purified
    assert calls == [("forward", 3)]


def test_other_pixels_and_other_layers_are_encoded(encoder, monkeypatch):
    cached, calls = CachedBackbone(encoder, LAYERS), count_calls(encoder, monkeypatch)
    changed = IMAGES.clone()
    changed[2, 0, 31, 31] += 1e-6
    for images in (IMAGES, changed, IMAGES.transpose(2, 3)):
        cached(images)
    assert len(calls) == 3
    for _ in range(2):
        cached(IMAGES, attention_layers=[2])
    assert len(calls) == 5


def test_only_crops_that_are_new_are_encoded(encoder, monkeypatch):
    cached, calls = CachedBackbone(encoder, LAYERS), count_calls(encoder, monkeypatch)
    cached.encode_image(IMAGES[:2])
    found = cached.encode_image(IMAGES[[2, 0, 2]])
    assert calls == [("encode_image", 2), ("encode_image", 1)]
    torch.testing.assert_close(found, encoder.encode_image(IMAGES[[2, 0, 2]]))


def test_a_full_memory_drops_the_least_recently_used():
    memory = FeatureMemory(capacity=100)  # bytes: two of 40
    features = [{"class_token": torch.full((10,), float(i))} for i in range(3)]
    memory.put((0,), features[0])
    memory.put((1,), features[1])
    assert memory.get((0,)) is features[0]
    memory.put((2,), features[2])
    assert [memory.get((i,)) for i in range(3)] == [features[0], None, features[2]]


def test_tensors_that_features_share_count_once():
    memory, shared = FeatureMemory(capacity=100), torch.zeros(10)  # 40 bytes
    for i in range(3):
        memory.put((i,), {"patch_tokens": torch.full((5,), float(i)), "class_token": shared})
    assert all(memory.get((i,)) for i in range(3)), "60 bytes of their own, 40 shared"
    memory.put((3,), {"patch_tokens": torch.zeros(15)})
    assert [bool(memory.get((i,))) for i in range(4)] == [False, False, False, True]


@pytest.mark.parametrize(("method", "shares_crops"), [("maskclip", True), ("gem", False)])
def test_base_methods_in_one_memory(tiny_cfg, monkeypatch, method, shares_crops):
    """Windows are each method's own; crops are shared, but by GEM, whose position is another."""
    clip, changed = load_clip_from_config(tiny_cfg), tiny_cfg.clone()
    changed.MODEL.CLIP.DENSE_ATTENTION = method
    first, second = (build_clip_backbone(cfg, clip) for cfg in (tiny_cfg, changed))
    assert first.visual is second.visual
    calls, memory = count_calls(second, monkeypatch), FeatureMemory()
    one, other = (CachedBackbone(encoder, LAYERS, memory) for encoder in (first, second))
    others = one.encode_image(CROPS)
    found = other.encode_image(CROPS)
    assert (calls == []) == shares_crops
    assert torch.equal(found, others) == shares_crops
    torch.testing.assert_close(found, second.encode_image(CROPS))
    assert not torch.allclose(one(IMAGES)["patch_tokens"], other(IMAGES)["patch_tokens"])


def test_words_are_part_of_the_key_for_methods_that_read_them(tiny_cfg, monkeypatch):
    words = torch.nn.functional.normalize(
        torch.randn(2, 4, 32, generator=torch.Generator().manual_seed(0)), dim=2
    )
    tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = "resclip"
    tiny_cfg.MODEL.CLIP.RESCLIP.CONFIDENCE_THRESH = 0.0
    encoder = build_backbone(tiny_cfg)
    expected = [encoder(IMAGES, attention_layers=LAYERS, text_features=few) for few in words]
    cached, calls = CachedBackbone(encoder, LAYERS), count_calls(encoder, monkeypatch)
    assert cached.reads_text
    for _ in range(2):
        for few, features in zip(words, expected, strict=True):
            torch.testing.assert_close(cached(IMAGES, text_features=few), features)
    assert len(calls) == 2
    assert (expected[0]["patch_tokens"] - expected[1]["patch_tokens"]).abs().max() > 1e-3
    with pytest.raises(ValueError, match=r"resclip.*reads the features of the words"):
        cached(CROPS)

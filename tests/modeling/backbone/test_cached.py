"""CachedBackbone gives the encoder's outputs and encodes the same pixels once."""

import pytest
import torch

from freecp_d2.d2 import build_backbone
from freecp_d2.modeling.backbone import build_clip_backbone, load_clip_from_config
from freecp_d2.modeling.backbone.cached import CachedBackbone, FeatureMemory

IMAGES = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(5))
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


def test_other_pixels_are_encoded(encoder, monkeypatch):
    cached, calls = CachedBackbone(encoder, LAYERS), count_calls(encoder, monkeypatch)
    cached(IMAGES)
    changed = IMAGES.clone()
    changed[2, 0, 31, 31] += 1e-6
    cached(changed)
    cached(IMAGES.transpose(2, 3))
    assert len(calls) == 3


def test_only_crops_that_are_new_are_encoded(encoder, monkeypatch):
    cached, calls = CachedBackbone(encoder, LAYERS), count_calls(encoder, monkeypatch)
    cached.encode_image(IMAGES[:2])
    found = cached.encode_image(IMAGES[[2, 0, 2]])
    assert calls == [("encode_image", 2), ("encode_image", 1)]
    torch.testing.assert_close(found, encoder.encode_image(IMAGES[[2, 0, 2]]))


def test_other_layers_are_not_cached(encoder, monkeypatch):
    cached, calls = CachedBackbone(encoder, LAYERS), count_calls(encoder, monkeypatch)
    for _ in range(2):
        cached(IMAGES, attention_layers=[2])
    assert len(calls) == 2


def test_encoders_that_share_a_memory_have_their_own_windows(tiny_cfg):
    memory, found = FeatureMemory(), []
    for method in ("sclip", "maskclip"):
        tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = method
        found.append(CachedBackbone(build_backbone(tiny_cfg), LAYERS, memory)(IMAGES))
    assert not torch.allclose(found[0]["patch_tokens"], found[1]["patch_tokens"])


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


def two_encoders(cfg, monkeypatch, method):
    """The config's and another base method's on the same weights; calls of the latter."""
    changed = cfg.clone()
    changed.MODEL.CLIP.DENSE_ATTENTION = method
    clip = load_clip_from_config(cfg)
    first, second = build_clip_backbone(cfg, clip), build_clip_backbone(changed, clip)
    assert first.visual is second.visual
    return first, second, count_calls(second, monkeypatch)


def test_base_methods_share_crops(tiny_cfg, monkeypatch):
    first, second, calls = two_encoders(tiny_cfg, monkeypatch, "maskclip")
    memory, crops = FeatureMemory(), IMAGES[:, :, :16, :16]
    expected = CachedBackbone(first, LAYERS, memory).encode_image(crops)
    assert torch.equal(CachedBackbone(second, LAYERS, memory).encode_image(crops), expected)
    assert calls == []
    torch.testing.assert_close(second.encode_image(crops), expected)  # they may


def test_another_positional_embedding_has_other_crops(tiny_cfg, monkeypatch):
    """GEM resizes it in its own way; only on the native grid nothing is resized."""
    first, gem, calls = two_encoders(tiny_cfg, monkeypatch, "gem")
    memory, crops = FeatureMemory(), IMAGES[:, :, :16, :16]
    others = CachedBackbone(first, LAYERS, memory).encode_image(crops)
    found = CachedBackbone(gem, LAYERS, memory).encode_image(crops)
    assert calls == [("encode_image", 3)]
    torch.testing.assert_close(found, gem.encode_image(crops))
    assert not torch.allclose(found, others)


def test_words_are_part_of_the_key_for_methods_that_read_them(tiny_cfg, monkeypatch):
    """Of ResCLIP's feedback; other methods share tokens between vocabularies."""
    words = torch.nn.functional.normalize(
        torch.randn(2, 4, 32, generator=torch.Generator().manual_seed(0)), dim=2
    )
    for feedback, calls in ((True, 2), (False, 1)):
        cfg = tiny_cfg.clone()
        cfg.MODEL.CLIP.DENSE_ATTENTION = "resclip"
        cfg.MODEL.CLIP.RESCLIP.FEEDBACK = feedback
        cfg.MODEL.CLIP.RESCLIP.CONFIDENCE_THRESH = 0.0
        encoder = build_backbone(cfg)
        expected = [encoder(IMAGES, attention_layers=LAYERS, text_features=few) for few in words]
        cached, counted = CachedBackbone(encoder, LAYERS), count_calls(encoder, monkeypatch)
        assert cached.reads_text is feedback
        for _ in range(2):
            for few, features in zip(words, expected, strict=True):
                found = cached(IMAGES, text_features=few)
                torch.testing.assert_close(found, features)
        assert len(counted) == calls
        differs = (expected[0]["patch_tokens"] - expected[1]["patch_tokens"]).abs().max()
        assert bool(differs > 1e-3) is feedback


def test_a_method_that_reads_words_asks_for_them(tiny_cfg):
    tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = "resclip"
    with pytest.raises(ValueError, match=r"resclip.*reads the features of the words"):
        CachedBackbone(build_backbone(tiny_cfg), LAYERS)(IMAGES)

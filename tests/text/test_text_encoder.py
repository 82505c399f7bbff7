"""The text encoder: features, long prompts, and the digest of what decides its features."""

import functools

import clip
import pytest
import torch

from freecp_d2.text import TextEncoder

from .tiny_text_models import make_clip, make_open_clip

LONG = "cat " * 80  # 82 tokens


def test_features_equal_both_libraries(open_clip_tokenizer):
    prompts = ("a photo of a cat.", "dog")
    for model, tokenizer in ((make_clip(), clip.tokenize), (make_open_clip(), open_clip_tokenizer)):
        features = TextEncoder(model, tokenizer)(prompts)
        assert features.shape == (2, 32)
        assert features.dtype == torch.float32
        assert not features.requires_grad
        with torch.no_grad():
            expected = model.encode_text(clip.tokenize(list(prompts)))
        torch.testing.assert_close(features, expected, atol=1e-5, rtol=0)


def test_features_do_not_depend_on_the_batch(encoder):
    alone = encoder(["dog"])
    together = encoder(["a much longer sentence about a small dog", "dog"])[1:]
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)


def test_half_precision_weights_give_float32_features(encoder):
    expected = encoder(["a cat", "dog"])
    for dtype in (torch.float16, torch.bfloat16):
        features = TextEncoder(make_clip().to(dtype), clip.tokenize)(["a cat", "dog"])
        assert features.dtype == torch.float32
        torch.testing.assert_close(features, expected, atol=0.15, rtol=0.05)


def test_device_follows_the_module(encoder):
    assert encoder.device == torch.device("cpu")
    assert encoder.to("meta").device == torch.device("meta")


def test_refuses_no_prompts_and_a_bare_string(encoder):
    for prompts in ([], (), "a cat"):
        with pytest.raises(ValueError, match="expected a non-empty sequence of strings"):
            encoder(prompts)


def test_num_tokens(encoder):
    assert encoder.num_tokens(["", "a cat", "a photo of a cat."]) == [2, 4, 8]


@pytest.fixture
def tokenizers(open_clip_tokenizer):
    return {
        "clip": clip.tokenize,
        "clip, partial": functools.partial(clip.tokenize, context_length=77, truncate=True),
        "open_clip": open_clip_tokenizer,
        "no options": lambda prompts: open_clip_tokenizer(prompts),
    }


def test_long_prompt_keeps_its_end_token_and_is_reported_once(tokenizers, log):
    model = make_clip()
    tokens = clip.tokenize(["dog", LONG], truncate=True)
    assert tokens[1, -1] == tokens.max()  # the end token
    with torch.no_grad():
        expected = model.encode_text(tokens)
    for name, tokenizer in tokenizers.items():
        log.warnings.clear()
        encoder = TextEncoder(model, tokenizer)
        features = encoder(["dog", LONG])
        encoder([LONG])
        [warning] = log.warnings
        assert "77 tokens" in warning, name
        assert repr(LONG) in warning, name
        torch.testing.assert_close(features, expected, atol=1e-5, rtol=0)


def test_prompt_that_just_fits_is_not_reported(tokenizers, log):
    for name in ("clip", "clip, partial", "open_clip"):
        log.warnings.clear()
        encoder = TextEncoder(make_clip(), tokenizers[name])
        assert encoder.num_tokens(["cat " * 75, "extraordinarily " * 20]) == [77, 42]
        assert log.warnings == [], name
        assert encoder.num_tokens(["cat " * 76, "dog " * 77]) == [77, 77]
        [warning] = log.warnings
        assert "2 prompts" in warning, name


def change_one_weight(model):
    with torch.no_grad():
        model.transformer.resblocks[1].mlp.c_fc.bias[0] += 1e-3


def change_heads(model):
    for block in model.transformer.resblocks:
        block.attn.num_heads = 4


def change_activation(model):
    for block in model.transformer.resblocks:
        block.mlp.gelu = torch.nn.GELU()  # as an open_clip model without quick_gelu


def change_vision_tower(model):
    with torch.no_grad():
        model.visual.conv1.weight.add_(1)


def backwards(prompts):
    return clip.tokenize([prompt[::-1] for prompt in prompts])


def test_digest_depends_on_what_decides_the_features(encoder):
    def digest(change, tokenizer=clip.tokenize):
        model = make_clip()
        change(model)
        return TextEncoder(model, tokenizer).digest

    assert len(encoder.digest) == 64
    assert digest(lambda model: None) == digest(change_vision_tower) == encoder.digest
    for change in (change_one_weight, change_heads, change_activation, torch.nn.Module.half):
        assert digest(change) != encoder.digest
    assert digest(lambda model: None, backwards) != encoder.digest


def test_digest_is_computed_again_when_the_weights_change(encoder, monkeypatch):
    calls = []
    compute = TextEncoder._compute_digest
    monkeypatch.setattr(
        TextEncoder, "_compute_digest", lambda self, state: calls.append(1) or compute(self, state)
    )
    first = encoder.digest
    assert encoder.digest == first
    assert len(calls) == 1
    weights = {name: torch.zeros_like(weight) for name, weight in encoder.state_dict().items()}
    encoder.load_state_dict(weights)  # as a checkpointer after the model was built
    assert encoder.digest != first
    assert len(calls) == 2

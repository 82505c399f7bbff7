"""The text encoder: its interface, long prompts, and the digest of what decides its features."""

import functools

import clip
import clip.model
import pytest
import torch

from freecp_d2.text import TextEncoder

from .tiny_text_models import make_clip, make_open_clip

LONG = "cat " * 80  # 82 tokens


def test_features_are_the_librarys_for_both_libraries(open_clip_tokenizer):
    prompts = ("a photo of a cat.", "dog")
    for model, tokenizer in ((make_clip(), clip.tokenize), (make_open_clip(), open_clip_tokenizer)):
        features = TextEncoder(model, tokenizer)(prompts)
        assert features.shape == (2, 32)
        assert features.dtype == torch.float32
        assert not features.requires_grad
        with torch.no_grad():
            expected = model.encode_text(clip.tokenize(list(prompts)))
        torch.testing.assert_close(features, expected, atol=1e-5, rtol=0)


def test_a_prompt_does_not_depend_on_its_batch(encoder):
    alone = encoder(["dog"])
    together = encoder(["a much longer sentence about a small dog", "dog"])[1:]
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_weights_give_float32_features(dtype):
    expected = TextEncoder(make_clip(), clip.tokenize)(["a cat", "dog"])
    features = TextEncoder(make_clip().to(dtype), clip.tokenize)(["a cat", "dog"])
    assert features.dtype == torch.float32
    torch.testing.assert_close(features, expected, atol=0.15, rtol=0.05)


def test_device_follows_the_module(encoder):
    assert encoder.device == torch.device("cpu")
    assert encoder.to("meta").device == torch.device("meta")


@pytest.mark.parametrize("prompts", [[], (), "a cat"])
def test_refuses_no_prompts_and_a_bare_string(encoder, prompts):
    with pytest.raises(ValueError, match="expected a non-empty sequence of strings"):
        encoder(prompts)


def test_num_tokens(encoder):
    assert encoder.num_tokens(["", "a cat", "a photo of a cat."]) == [2, 4, 8]


TOKENIZERS = {
    "clip": lambda _: clip.tokenize,
    "clip, partial": lambda _: functools.partial(clip.tokenize, context_length=77, truncate=True),
    "open_clip": lambda tokenizer: tokenizer,
    "no options": lambda tokenizer: lambda prompts: tokenizer(prompts),
}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_too_long_prompt_keeps_its_end_token_and_warns_once(name, open_clip_tokenizer, log):
    model = make_clip()
    encoder = TextEncoder(model, TOKENIZERS[name](open_clip_tokenizer))
    features = encoder(["dog", LONG])
    encoder([LONG])
    [warning] = log.warnings
    assert "longer than the 77 tokens" in warning
    assert repr(LONG) in warning
    tokens = clip.tokenize(["dog", LONG], truncate=True)
    assert tokens[1, -1] == tokens.max()  # the end token
    with torch.no_grad():
        torch.testing.assert_close(features, model.encode_text(tokens), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["clip", "clip, partial", "open_clip"])
def test_no_warning_for_a_prompt_that_just_fits(name, open_clip_tokenizer, log):
    encoder = TextEncoder(make_clip(), TOKENIZERS[name](open_clip_tokenizer))
    assert encoder.num_tokens(["cat " * 75, "extraordinarily " * 20]) == [77, 42]
    assert log.warnings == []
    assert encoder.num_tokens(["cat " * 76]) == [77]
    assert len(log.warnings) == 1


def test_digest_is_content(encoder):
    again = TextEncoder(make_clip(), clip.tokenize)
    assert encoder.digest == again.digest
    assert len(encoder.digest) == 64
    assert encoder.digest != TextEncoder(make_clip(seed=1), clip.tokenize).digest


def test_digest_ignores_the_vision_tower(encoder):
    model = make_clip()
    with torch.no_grad():
        model.visual.conv1.weight.add_(1)
    assert TextEncoder(model, clip.tokenize).digest == encoder.digest


def change_one_weight(model):
    with torch.no_grad():
        model.transformer.resblocks[1].mlp.c_fc.bias[0] += 1e-3


def change_heads(model):
    for block in model.transformer.resblocks:
        block.attn.num_heads = 4


def change_activation(model):
    for block in model.transformer.resblocks:
        block.mlp.gelu = torch.nn.GELU()  # as an open_clip model without quick_gelu


@pytest.mark.parametrize(
    "change", [change_one_weight, change_heads, change_activation, torch.nn.Module.half]
)
def test_digest_sees_all_that_changes_the_features(encoder, change):
    model = make_clip()
    change(model)
    assert TextEncoder(model, clip.tokenize).digest != encoder.digest


def test_digest_sees_the_tokenizer(encoder):
    def backwards(prompts):
        return clip.tokenize([prompt[::-1] for prompt in prompts])

    assert TextEncoder(make_clip(), backwards).digest != encoder.digest


def test_digest_is_computed_once_until_the_weights_change(encoder, monkeypatch):
    calls = []
    compute = TextEncoder._compute_digest
    monkeypatch.setattr(
        TextEncoder, "_compute_digest", lambda self, state: calls.append(1) or compute(self, state)
    )
    first = encoder.digest
    assert encoder.digest == first
    assert len(calls) == 1
    weights = {name: torch.zeros_like(weight) for name, weight in encoder.state_dict().items()}
    encoder.load_state_dict(weights)  # as a checkpointer does after the model was built
    assert encoder.digest != first
    assert len(calls) == 2

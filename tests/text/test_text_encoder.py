"""The text encoder: features, long prompts, and the digest of what decides its features."""

import functools

import clip
import pytest
import torch

from freecp_d2.text.text_encoder import TextEncoder

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


def test_dtype_and_device(encoder):
    assert TextEncoder(make_clip().bfloat16(), clip.tokenize)(["a cat"]).dtype == torch.float32
    assert encoder.device == torch.device("cpu")
    assert encoder.to("meta").device == torch.device("meta")


def test_refuses_no_prompts_and_a_bare_string(encoder):
    for prompts in ([], (), "a cat"):
        with pytest.raises(ValueError, match="expected a non-empty sequence of strings"):
            encoder(prompts)


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
        assert encoder.num_tokens(["cat " * 75, "extraordinarily " * 20, ""]) == [77, 42, 2]
        assert log.warnings == [], name
        assert encoder.num_tokens(["cat " * 76, "dog " * 77]) == [77, 77]
        [warning] = log.warnings
        assert "2 prompts" in warning, name


def test_digest_depends_on_what_decides_the_features(encoder):
    def changed(change):
        model = make_clip()
        change(model, model.transformer.resblocks[1])
        return TextEncoder(model, clip.tokenize).digest

    assert len(encoder.digest) == 64
    assert changed(lambda model, _: model.visual.conv1.weight.data.add_(1)) == encoder.digest
    for change in (
        lambda _, block: block.mlp.c_fc.bias.data[0].add_(1e-3),
        lambda _, block: setattr(block.attn, "num_heads", 4),
        # As an open_clip model without quick_gelu.
        lambda _, block: setattr(block.mlp, "gelu", torch.nn.GELU()),
        lambda model, _: model.half(),
    ):
        assert changed(change) != encoder.digest
    backwards = TextEncoder(make_clip(), lambda texts: clip.tokenize([t[::-1] for t in texts]))
    assert backwards.digest != encoder.digest


def test_digest_is_computed_again_when_the_weights_change(encoder, monkeypatch):
    first = encoder.digest
    with monkeypatch.context() as patch:
        patch.setattr(TextEncoder, "_compute_digest", None)
        assert encoder.digest == first
    weights = {name: torch.zeros_like(weight) for name, weight in encoder.state_dict().items()}
    encoder.load_state_dict(weights)  # as a checkpointer after the model was built
    assert encoder.digest != first

"""The text encoder: its towers, long prompts, and the digest of what decides its features."""

import gc
import weakref
from functools import partial

import clip
import open_clip
import pytest
import torch
from torch import nn

from freecp_d2.text import CLIPTokenizer
from freecp_d2.text.text_encoder import (
    CausalTextTower,
    LibraryTextTower,
    TextEncoder,
    build_text_tower,
)

from .tiny_text_models import make_clip, make_open_clip

# Float32 sums in another order; features are of size about 1.
TOLERANCE = {"rtol": 0, "atol": 1e-5}
PROMPTS = ["a cat.", "a photo of a very small traffic light, in the rain!", "", "dog"]
LONG = "cat " * 80  # 82 tokens

custom = partial(make_open_clip, "CustomTextCLIP")
CUT = {
    "clip": make_clip,
    "open_clip": make_open_clip,
    "open_clip, eos": partial(make_open_clip, pool_type="eos", eos_id=49407),
    "open_clip, layer scale": partial(make_open_clip, ls_init_value=0.3),
    "open_clip, linear projection": partial(make_open_clip, proj_bias=True),
    "open_clip, no projection": partial(make_open_clip, proj_type="none"),
}
FULL = {
    "no causal mask": partial(make_open_clip, no_causal_mask=True),
    "first token": partial(make_open_clip, pool_type="first"),
    "other blocks": partial(make_open_clip, scale_fc=True),
    "custom text": custom,
    "custom text, class token": partial(custom, embed_cls=True),
    "tokens as well": partial(custom, pool_type="last", output_tokens=True),
}


def library_features(model, tokens):
    with torch.no_grad():
        features = model.encode_text(tokens)
    return features[0] if isinstance(features, tuple) else features


class TestTowers:
    def test_they_equal_the_library_and_free_the_vision_tower(self):
        """Towers that are not known to be causal run at full length."""
        freed = []
        for name, make in {**CUT, **FULL}.items():
            model, tokens = make(), clip.tokenize(PROMPTS)
            own, names = {id(weight) for weight in model.parameters()}, list(model.state_dict())
            expected = library_features(model, tokens)
            assert expected.std(dim=0).max() > 0.1 or name in FULL, "the prompts differ"
            tower = build_text_tower(model)
            assert list(model.state_dict()) == names
            assert all(id(weight) in own for weight in tower.parameters())
            assert not any("visual" in key for key in tower.state_dict())
            assert isinstance(tower, CausalTextTower if name in CUT else LibraryTextTower)
            assert name in CUT or tower.last_tokens(tokens).tolist() == [76] * len(PROMPTS)
            with torch.no_grad():
                torch.testing.assert_close(tower(tokens), expected, **TOLERANCE)
            freed += [weakref.ref(model.visual), weakref.ref(model.visual.conv1.weight)]
            del model
        gc.collect()
        assert not any(reference() is not None for reference in freed)

    def test_blocks_run_on_the_tokens_of_the_longest_prompt(self):
        lengths = []
        for model in (make_clip(), make_open_clip()):
            for block in model.transformer.resblocks:
                block.mlp.register_forward_hook(
                    lambda _, args, __: lengths.append(args[0].shape[1])
                )
            build_text_tower(model)(clip.tokenize(["a cat.", "a small cat"]))
        assert lengths == [5, 5, 5, 5]  # start, 3 tokens, end; two blocks each

    def test_half_precision(self):
        """The layer norms with the other weights or not; features are about 1 to 5."""
        tokens = clip.tokenize(PROMPTS)
        for make in (make_clip, make_open_clip):
            expected = library_features(make(), tokens)
            for dtype, atol in ((torch.float16, 0.02), (torch.bfloat16, 0.15)):
                for norms in (torch.float32, dtype):
                    model = make().to(dtype)
                    for module in model.modules():
                        if isinstance(module, nn.LayerNorm):
                            module.to(norms)
                    with torch.no_grad():
                        features = build_text_tower(model)(tokens)
                    assert features.dtype == dtype
                    torch.testing.assert_close(features.float(), expected, atol=atol, rtol=0.05)

    def test_a_subclass_with_another_text_side_runs_at_full_length(self):
        class Negated(clip.model.CLIP):
            dtype = torch.float32

            def encode_text(self, text):
                return -super().encode_text(text)

        torch.manual_seed(0)
        model = Negated(32, 32, 2, 64, 8, 77, 49408, 64, 2, 2).eval()
        tower, tokens = build_text_tower(model), clip.tokenize(PROMPTS)
        assert isinstance(tower, LibraryTextTower)
        with torch.no_grad():
            torch.testing.assert_close(tower(tokens), model.encode_text(tokens), **TOLERANCE)

    @pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
    def test_refuses_models_without_text_side(self):
        for model in (nn.Linear(2, 2), torch.jit.script(nn.Linear(2, 2))):
            with pytest.raises(ValueError, match=r"without encode_text.*jit=False.*whole model"):
                build_text_tower(model)


def test_features(encoder):
    """Float32 without gradients; they do not depend on the batch."""
    features = encoder(PROMPTS)
    assert (features.shape, features.dtype) == ((4, 32), torch.float32)
    assert not features.requires_grad
    torch.testing.assert_close(encoder(PROMPTS[:1]), features[:1], **TOLERANCE)
    assert TextEncoder(make_clip().bfloat16(), clip.tokenize)(["a cat"]).dtype == torch.float32
    assert encoder.device == torch.device("cpu")
    assert encoder.to("meta").device == torch.device("meta")
    for prompts in ([], (), "a cat"):
        with pytest.raises(ValueError, match="expected a non-empty sequence of strings"):
            encoder(prompts)


def test_long_prompts(log):
    """They keep their end token, and are reported once; those that just fit are not."""
    model = make_clip()
    tokens = clip.tokenize(["dog", LONG], truncate=True)
    expected = library_features(model, tokens)
    for tokenizer in (CLIPTokenizer(), open_clip.get_tokenizer("ViT-B-16")):
        log.warnings.clear()
        encoder = TextEncoder(model, tokenizer)
        assert encoder.num_tokens(["cat " * 75, "extraordinarily " * 20, ""]) == [77, 42, 2]
        assert log.warnings == []
        torch.testing.assert_close(encoder(["dog", LONG]), expected, **TOLERANCE)
        encoder([LONG])
        [warning] = log.warnings
        assert "77 tokens" in warning
        assert repr(LONG) in warning
        assert encoder.num_tokens(["cat " * 76, "dog " * 77]) == [77, 77]
        assert "2 prompts" in log.warnings[1]


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

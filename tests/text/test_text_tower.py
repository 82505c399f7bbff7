"""
Features of the text towers equal those of the libraries' `encode_text`.

Tolerance: 1e-5 on features of size about 1, for float32 sums in another order.
"""

import gc
import weakref
from functools import partial

import clip
import pytest
import torch
from torch import nn

from freecp_d2.text.text_tower import CausalTextTower, LibraryTextTower, build_text_tower

from .tiny_text_models import make_clip, make_open_clip

PROMPTS = ["a cat.", "a photo of a very small traffic light, in the rain!", "", "dog"]

custom = partial(make_open_clip, "CustomTextCLIP")
EOS = {"pool_type": "eos", "eos_id": 49407}
CUT = {
    "clip": make_clip,
    "open_clip": make_open_clip,
    "open_clip, eos": partial(make_open_clip, **EOS),
    "open_clip, layer scale": partial(make_open_clip, ls_init_value=0.3),
    "open_clip, linear projection": partial(make_open_clip, proj_bias=True),
    "open_clip, no projection": partial(make_open_clip, proj_type="none"),
    "custom text": custom,
    "custom text, eos": partial(custom, **EOS),
}
FULL = {
    "no causal mask": partial(make_open_clip, no_causal_mask=True),
    "first token": partial(make_open_clip, pool_type="first"),
    "last token": partial(make_open_clip, pool_type="last"),
    "other blocks": partial(make_open_clip, scale_fc=True),
    "class token": partial(custom, embed_cls=True),
    "tokens as well": partial(custom, pool_type="last", output_tokens=True),
}


def library_features(model, tokens):
    with torch.no_grad():
        features = model.encode_text(tokens)
    return features[0] if isinstance(features, tuple) else features


def test_towers_equal_the_library_and_free_the_vision_tower():
    """Towers that are not known to be causal run at full length."""
    freed = []
    for name in {**CUT, **FULL}:
        model = {**CUT, **FULL}[name]()
        tokens = clip.tokenize(PROMPTS)
        expected = library_features(model, tokens)
        assert expected.std(dim=0).max() > 0.1 or name in FULL, "the prompts differ"
        tower = build_text_tower(model)
        freed += [weakref.ref(model.visual), weakref.ref(model.visual.conv1.weight)]
        assert not any("visual" in key for key in tower.state_dict())
        assert isinstance(tower, CausalTextTower if name in CUT else LibraryTextTower)
        assert name in CUT or tower.last_tokens(tokens).tolist() == [76] * len(PROMPTS)
        with torch.no_grad():
            torch.testing.assert_close(tower(tokens), expected, atol=1e-5, rtol=0)
        del model
    gc.collect()
    assert not any(reference() is not None for reference in freed)


def test_blocks_run_on_the_tokens_of_the_longest_prompt():
    lengths = []
    for model in (make_clip(), make_open_clip()):
        for block in model.transformer.resblocks:
            block.mlp.register_forward_hook(lambda _, args, __: lengths.append(args[0].shape[1]))
        build_text_tower(model)(clip.tokenize(["a cat.", "a small cat"]))
    assert lengths == [5, 5, 5, 5]  # start, 3 tokens, end; two blocks each


def test_half_precision():
    """Weights in half precision, the layer norms with them or not; features are about 1 to 5."""
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

    model = make_clip()
    clip.model.convert_weights(model)
    with torch.no_grad():
        features = build_text_tower(model)(tokens)
    expected = library_features(model, tokens)
    assert features.dtype == expected.dtype == torch.float16
    torch.testing.assert_close(features, expected, atol=0.02, rtol=0.01)


def test_parameters_are_shared_and_the_model_is_unchanged():
    for model in (make_clip(), make_open_clip(no_causal_mask=True)):
        before = list(model.state_dict())
        tower = build_text_tower(model)
        assert list(model.state_dict()) == before
        own = {id(weight) for weight in model.parameters()}
        assert all(id(weight) in own for weight in tower.parameters())


def test_subclass_with_another_text_side_runs_at_full_length():
    class Negated(clip.model.CLIP):
        visual_dtype = torch.float32

        @property
        def dtype(self):
            return self.visual_dtype

        def encode_text(self, text):
            return -super().encode_text(text)

    torch.manual_seed(0)
    model = Negated(32, 32, 2, 64, 8, 77, 49408, 64, 2, 2).eval()
    tower, tokens = build_text_tower(model), clip.tokenize(PROMPTS)
    assert isinstance(tower, LibraryTextTower)
    with torch.no_grad():
        torch.testing.assert_close(tower(tokens), model.encode_text(tokens), atol=1e-5, rtol=0)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_refuses_models_without_text_side():
    with pytest.raises(ValueError, match=r"got a Linear without encode_text.*pass the whole model"):
        build_text_tower(nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"got a TorchScript CLIP.*jit=False"):
        build_text_tower(torch.jit.script(nn.Linear(2, 2)))

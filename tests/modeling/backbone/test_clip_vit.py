"""CLIPViT against the libraries' forward pass, and its own contract."""

import copy
import functools
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from freecp_d2.d2 import build_backbone
from freecp_d2.modeling.backbone import CLIPViT, build_clip_backbone
from freecp_d2.modeling.backbone.base import compiled
from freecp_d2.modeling.backbone.clip_loading import set_precision
from freecp_d2.modeling.backbone.dense_attention import GEM
from freecp_d2.modeling.backbone.dense_attention.blocks import (
    mean_over_heads,
    query_key_value,
    run_block,
)
from tests.helpers.parity import PIXEL_MEAN, PIXEL_STD
from tests.helpers.random_clip import random_clip
from tests.helpers.random_towers import (
    backbone_of,
    clip_tower,
    open_clip_tower,
    rand_normal,
    two_head_tower,
)

PIXELS = {"pixel_mean": PIXEL_MEAN, "pixel_std": PIXEL_STD}

METHODS = ["vanilla", "maskclip", "sclip", "clearclip", "gem"]
# Other kernels and another order of sums; values are around 1.
TOLERANCE = {"rtol": 0, "atol": 2e-5}
NATIVE = rand_normal(2, 3, 32, 32)
WIDE = rand_normal(2, 3, 40, 64, seed=1)


def open_clip_quick_gelu(**options):
    from open_clip.transformer import QuickGELU

    return open_clip_tower(act_layer=QuickGELU, **options)


TOWERS = {
    "clip": clip_tower,
    "clip, two heads": two_head_tower,
    "open_clip, GELU": open_clip_tower,
    "open_clip, QuickGELU": open_clip_quick_gelu,
    "open_clip, LayerScale": lambda: open_clip_tower(ls_init_value=0.1),
    "open_clip, no ln_pre": lambda: open_clip_tower(no_ln_pre=True),
}


class TestLibrary:
    def test_class_token_is_the_library_forward(self):
        for tower in TOWERS:
            visual = TOWERS[tower]()
            expected = visual(NATIVE)
            backbone = backbone_of(visual)
            torch.testing.assert_close(backbone(NATIVE)["class_token"], expected, **TOLERANCE)
            torch.testing.assert_close(backbone.encode_image(NATIVE), expected, **TOLERANCE)

    def test_unmodified_patch_tokens_are_the_library_own(self):
        for options in ({}, {"ls_init_value": 0.1}):
            for make in (open_clip_tower, open_clip_quick_gelu):
                visual = make(output_tokens=True, **options)
                _, tokens = visual(NATIVE)
                dense = backbone_of(visual, "vanilla", "original")(NATIVE)["patch_tokens"]
                torch.testing.assert_close(dense.flatten(2).mT, tokens @ visual.proj, **TOLERANCE)


class TestContract:
    def test_outputs_match_output_shape(self):
        for method in METHODS:
            backbone = backbone_of(two_head_tower(), method)
            shapes = backbone.output_shape()
            output = backbone(WIDE, attention_layers=range(3))
            assert output.keys() == shapes.keys()
            assert {value.dtype for value in output.values()} == {torch.float32}
            patches, classes = shapes["patch_tokens"], shapes["class_token"]
            assert output["patch_tokens"].shape == (2, patches.channels, 5, 8)
            assert output["class_token"].shape == (2, classes.channels)
            assert output["attention"].shape == (2, 1, 41, 41)
            assert shapes["attention"].channels == backbone.num_layers == 3
            assert backbone.patch_size == backbone.size_divisibility == patches.stride == 8

    def test_is_frozen_and_ignores_pixels_beyond_the_last_whole_patch(self):
        backbone = backbone_of(two_head_tower().train().requires_grad_(True))
        assert not any(module.training for module in backbone.visual.modules())
        assert not any(parameter.requires_grad for parameter in backbone.parameters())
        images = rand_normal(1, 3, 45, 70)
        output, cut = backbone(images), backbone(images[..., :40, :64])
        torch.testing.assert_close(output, cut, **TOLERANCE)

    def test_layers_of_attention_are_selected_and_averaged(self):
        backbone = backbone_of(two_head_tower())
        assert "attention" not in backbone(WIDE)
        every = [backbone(WIDE, attention_layers=[layer])["attention"] for layer in range(3)]
        every = torch.cat(every, dim=1)
        assert (every[:, 0] - every[:, 1]).abs().max() > 0.1
        assert (every[:, 1] - every[:, 2]).abs().max() > 0.1
        assert every.min() >= 0
        torch.testing.assert_close(every.sum(dim=-1), torch.ones(2, 3, 41), **TOLERANCE)
        for layers in ([0, 1], [2, 0], [0, 1, 2], {1, 2}):
            mean = backbone(WIDE, attention_layers=layers)["attention"]
            expected = every[:, sorted(layers)].mean(dim=1, keepdim=True)
            torch.testing.assert_close(mean, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "cosine", "attention"),
    [(torch.float16, 0.9999, 2e-3), (torch.bfloat16, 0.995, 2e-2)],
)
def test_half_precision(dtype, cosine, attention):
    """Against float32: eleven bits of fraction, or eight."""
    cases = [(method, "clip, two heads") for method in METHODS]
    for method, tower in [*cases, ("gem", "open_clip, LayerScale")]:
        visual = TOWERS[tower]()
        exact = backbone_of(copy.deepcopy(visual), method)(WIDE, attention_layers=[0, 2])
        backbone = backbone_of(set_precision(visual, dtype), method)
        half = backbone(WIDE, attention_layers=[0, 2])
        half["encoded"], exact["encoded"] = backbone.encode_image(WIDE), exact["class_token"]
        assert {value.dtype for value in half.values()} == {torch.float32}
        for key in ("patch_tokens", "class_token", "encoded"):
            assert F.cosine_similarity(half[key], exact[key], dim=1).min() > cosine
            assert not torch.equal(half[key], exact[key])
        assert (half["attention"] - exact["attention"]).abs().max() < attention


def without_projection():
    visual = clip_tower()
    visual.proj = None
    return visual


def other_attention():
    visual = open_clip_tower()
    visual.transformer.resblocks[1].attn = nn.Identity()
    return visual


def test_other_towers_are_refused():
    """More: test_open_clip_models.py."""
    for make, reason in (
        (lambda: open_clip_tower(final_ln_after_pool=True), "normalises after pooling"),
        (without_projection, "no projection into the joint space"),
        (other_attention, "do not use plain multi-head attention"),
    ):
        with pytest.raises(ValueError, match=rf"{reason}.*MODEL\.CLIP\.ARCH"):
            backbone_of(make())
    with pytest.raises(ValueError, match=r"gem rewrites the last 6.*has 3.*GEM_BLOCKS"):
        CLIPViT(visual=clip_tower(), dense_attention=GEM(), **PIXELS)


class TestConfig:
    def test_last_block(self, tiny_cfg):
        custom = ["DENSE_PRESET", "custom"]
        for options, name, residual, mlp in (
            ([], "sclip", False, True),
            (["DENSE_PRESET", "original"], "sclip", True, True),
            (["DENSE_ATTENTION", "clearclip"], "clearclip", False, False),
            (["DENSE_ATTENTION", "clip"], "clip", True, True),
            ([*custom, "DENSE_RESIDUAL", True, "DENSE_MLP", False], "sclip", True, False),
            (["DENSE_RESIDUAL", True, "DENSE_MLP", False], "sclip", False, True),
        ):
            cfg = tiny_cfg.clone()
            cfg.MODEL.CLIP.merge_from_list(options)
            dense = build_backbone(cfg).dense_attention
            assert (dense.name, dense.residual, dense.mlp) == (name, residual, mlp)
        for options, num_blocks in (([], 2), ([*custom, "GEM_BLOCKS", 3], 3)):
            cfg = tiny_cfg.clone()
            cfg.MODEL.CLIP.merge_from_list(["DENSE_ATTENTION", "gem", *options])
            assert build_backbone(cfg).dense_attention.num_blocks == num_blocks

    def test_interpolation(self, tiny_cfg):
        for method, key, expected in (
            ("sclip", "auto", "scale"),
            ("gem", "auto", "size_antialias"),
            ("gem", "scale", "scale"),
            ("sclip", "size_antialias", "size_antialias"),
        ):
            tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = method
            tiny_cfg.MODEL.CLIP.POSITIONAL_EMBEDDING = key
            assert build_backbone(tiny_cfg).interpolation == expected

    def test_unknown_names(self, tiny_cfg):
        for key, preset in (
            ("DENSE_ATTENTION", "freecp"),
            ("DENSE_ATTENTION", "custom"),
            ("DENSE_PRESET", "typo"),
            ("POSITIONAL_EMBEDDING", "freecp"),
        ):
            cfg = tiny_cfg.clone()
            cfg.MODEL.CLIP.merge_from_list(["DENSE_PRESET", preset, key, "typo"])
            with pytest.raises(ValueError, match=rf'MODEL\.CLIP\.{key}="typo" is unknown; use'):
                build_backbone(cfg)


class TestCompile:
    @pytest.mark.parametrize("backend", ["eager", pytest.param("inductor", marks=pytest.mark.slow)])
    def test_features_are_equal(self, tiny_cfg, monkeypatch, caplog, backend):
        """In batches of other sizes, too, without compiling again."""
        monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=backend))
        expected = build_clip_backbone(tiny_cfg)
        tiny_cfg.MODEL.COMPILE = True
        found = build_clip_backbone(tiny_cfg)
        with torch.no_grad():
            for images in (NATIVE, torch.cat([WIDE, WIDE])):
                ours = found(images, attention_layers=(0,))
                if "torch.compile failed" in caplog.text:
                    assert backend == "inductor", caplog.text
                    pytest.skip(caplog.text)
                for name, value in expected(images, attention_layers=(0,)).items():
                    torch.testing.assert_close(ours[name], value, rtol=0, atol=1e-5)

    @torch.no_grad()
    def test_all_kinds_stay_compiled(self, monkeypatch, caplog):
        """Blocks of several base methods on windows of several sizes, traced but not compiled."""
        torch._dynamo.reset()
        trace = functools.partial(torch.compile, backend="eager")
        monkeypatch.setattr(torch, "compile", trace)
        run, block = compiled.__wrapped__(run_block), random_clip().visual.transformer.resblocks[0]
        with torch._dynamo.config.patch(recompile_limit=1):
            for tokens, n, read in product((10, 17), (1, 2), (None, mean_over_heads)):
                x = torch.randn(n, tokens, 64)
                for own, few in product((None, query_key_value(block, x)), (None, 1)):
                    options = {"num_queries": few, "qkv": own, "read": read}
                    found, expected = run(block, x, **options), run_block(block, x, **options)
                    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
        assert not [record for record in caplog.records if record.levelname == "WARNING"]

    def test_a_failed_compiler_is_reported_once(self, monkeypatch, caplog):
        def failing(function, **_):
            def run(*args):
                raise RuntimeError("no C++ compiler")

            return run

        monkeypatch.setattr(torch, "compile", failing)
        inverse = compiled(lambda x: 1 / x)
        assert [inverse(2), inverse(4)] == [0.5, 0.25]
        assert len(caplog.messages) == 1
        assert "MODEL.COMPILE" in caplog.text
        assert "no C++ compiler" in caplog.text
        with pytest.raises(ZeroDivisionError):  # the fault of the argument
            compiled(lambda x: 2 / x)(0)

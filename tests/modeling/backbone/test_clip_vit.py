"""CLIPViT: the libraries' own forward pass where it has one, its contract where it has none."""

import copy
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from freecp_d2.d2 import build_backbone
from freecp_d2.modeling.backbone import CLIPBackbone, CLIPViT, DenseAttention
from freecp_d2.modeling.backbone.clip_loading import set_precision
from tests.helpers.parity import PIXEL_MEAN, PIXEL_STD
from tests.helpers.random_towers import (
    backbone_of,
    clip_tower,
    open_clip_tower,
    rand_normal,
    two_head_tower,
)

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
every_tower = pytest.mark.parametrize("tower", TOWERS)
every_method = pytest.mark.parametrize("method", METHODS)


class TestLibrary:
    @every_tower
    def test_class_token_is_the_library_forward(self, tower):
        visual = TOWERS[tower]()
        expected = visual(NATIVE)
        backbone = backbone_of(visual)
        torch.testing.assert_close(backbone(NATIVE)["class_token"], expected, **TOLERANCE)
        torch.testing.assert_close(backbone.encode_image(NATIVE), expected, **TOLERANCE)

    @pytest.mark.parametrize("options", [{}, {"ls_init_value": 0.1}])
    @pytest.mark.parametrize("make", [open_clip_tower, open_clip_quick_gelu])
    def test_unmodified_patch_tokens_are_the_library_own(self, make, options):
        visual = make(output_tokens=True, **options)
        _, tokens = visual(NATIVE)
        dense = backbone_of(visual, "vanilla", "original")(NATIVE)["patch_tokens"]
        torch.testing.assert_close(dense.flatten(2).mT, tokens @ visual.proj, **TOLERANCE)

    def test_activations_differ(self):
        # Else the two towers above would prove one thing twice.
        gelu, quick = open_clip_tower()(NATIVE), open_clip_quick_gelu()(NATIVE)
        assert (gelu - quick).abs().max() > 1e-3


class TestContract:
    @every_method
    def test_a_batch_is_its_images(self, method):
        backbone = backbone_of(two_head_tower(), method)
        together = backbone(WIDE, attention_layers=[0, 2])
        for n in range(2):
            alone = backbone(WIDE[n : n + 1], attention_layers=[0, 2])
            for key, value in together.items():
                torch.testing.assert_close(alone[key][0], value[n], **TOLERANCE)

    @pytest.mark.parametrize("size", [(32, 32), (40, 64), (8, 8), (112, 24)])
    def test_encode_image_is_the_class_token(self, size):
        backbone, images = backbone_of(two_head_tower()), rand_normal(2, 3, *size)
        torch.testing.assert_close(
            backbone.encode_image(images), backbone(images)["class_token"], **TOLERANCE
        )

    @every_method
    def test_the_method_changes_neither_class_token_nor_attention(self, method):
        visual = two_head_tower()
        ours = backbone_of(visual, method)
        ours.interpolation = "scale"
        ours = ours(WIDE, attention_layers=range(3))
        vanilla = backbone_of(visual, "vanilla")(WIDE, attention_layers=range(3))
        assert torch.equal(ours["class_token"], vanilla["class_token"])
        assert torch.equal(ours["attention"], vanilla["attention"])

    @every_method
    def test_shapes_are_the_announced_ones(self, method):
        backbone = backbone_of(two_head_tower(), method)
        shapes = backbone.output_shape()
        output = backbone(WIDE, attention_layers=range(3), reduce_attention=False)
        assert output.keys() == shapes.keys()
        assert {value.dtype for value in output.values()} == {torch.float32}
        patches, classes = shapes["patch_tokens"], shapes["class_token"]
        grid = (40 // patches.stride, 64 // patches.stride)
        assert output["patch_tokens"].shape == (2, patches.channels, *grid)
        assert output["class_token"].shape == (2, classes.channels)
        tokens = 1 + grid[0] * grid[1]
        assert output["attention"].shape == (2, shapes["attention"].channels, tokens, tokens)
        assert backbone.patch_size == backbone.size_divisibility == patches.stride == 8
        assert backbone.num_layers == 3

    @pytest.mark.parametrize("size", [(45, 70), (47, 65), (40, 71)])
    def test_pixels_beyond_the_last_whole_patch_are_lost(self, size):
        backbone, images = backbone_of(two_head_tower()), rand_normal(1, 3, *size)
        output, cut = backbone(images), backbone(images[..., :40, :64])
        assert output["patch_tokens"].shape[2:] == (5, 8)
        torch.testing.assert_close(output["patch_tokens"], cut["patch_tokens"], **TOLERANCE)

    @pytest.mark.parametrize("interpolation", ["scale", "size_antialias"])
    def test_native_number_of_tokens_on_another_grid(self, interpolation):
        """
        4 x 4 tokens are native, 2 x 8 are as many. With positions that tell rows alone apart and
        an image of one colour, a row of patches must answer as one; the released program lays
        the 4 x 4 embedding on the 2 x 8 grid as it is, two rows in one.
        """
        visual = two_head_tower()
        rows = rand_normal(4, 64).repeat_interleave(4, dim=0)
        visual.positional_embedding[1:] = rows
        backbone = backbone_of(visual, "maskclip")
        backbone.interpolation = interpolation
        tokens = backbone(torch.ones(1, 3, 16, 64))["patch_tokens"]
        torch.testing.assert_close(tokens, tokens[..., :1].expand_as(tokens), **TOLERANCE)
        assert (tokens[:, :, 0] - tokens[:, :, 1]).abs().max() > 0.1

    def test_a_turned_image_with_turned_positions_gives_turned_patches(self):
        visual = two_head_tower()
        turned = copy.deepcopy(visual)
        turned.conv1.weight.data = visual.conv1.weight.mT.contiguous()
        grid = visual.positional_embedding[1:].unflatten(0, (4, 4))
        turned.positional_embedding[1:] = grid.transpose(0, 1).flatten(0, 1)
        tokens = backbone_of(visual)(WIDE)["patch_tokens"]
        torch.testing.assert_close(
            backbone_of(turned)(WIDE.mT)["patch_tokens"].mT, tokens, **TOLERANCE
        )

    def test_nothing_stays_behind(self):
        backbone = backbone_of(two_head_tower())

        def state():
            return {
                (name, key): id(value) if isinstance(value, torch.Tensor) else repr(value)
                for name, module in backbone.named_modules()
                for key, value in vars(module).items()
            }

        before = state()
        backbone(WIDE, attention_layers=[0])
        backbone.encode_image(WIDE)
        assert state() == before
        for module in backbone.modules():
            assert not module._forward_hooks
            assert not module._forward_pre_hooks

    def test_is_frozen_and_in_eval_mode(self):
        backbone = backbone_of(clip_tower().train().requires_grad_(True))
        assert not any(module.training for module in backbone.visual.modules())
        assert not any(parameter.requires_grad for parameter in backbone.parameters())

    def test_is_a_clip_backbone(self):
        assert isinstance(backbone_of(clip_tower()), CLIPBackbone)
        with pytest.raises(TypeError, match="abstract"):
            CLIPBackbone()


class TestAttention:
    def test_absent_unless_asked_for(self):
        assert "attention" not in backbone_of(clip_tower())(WIDE)

    @pytest.mark.parametrize("layers", [[0], [2], [0, 1], [2, 0], [0, 1, 2], {1, 2}])
    def test_layers_are_selected_and_averaged(self, layers):
        backbone = backbone_of(two_head_tower())
        every = backbone(WIDE, attention_layers=range(3), reduce_attention=False)["attention"]
        stacked = backbone(WIDE, attention_layers=layers, reduce_attention=False)["attention"]
        mean = backbone(WIDE, attention_layers=layers)["attention"]
        torch.testing.assert_close(stacked, every[:, sorted(layers)], rtol=0, atol=1e-6)
        torch.testing.assert_close(mean, stacked.mean(dim=1, keepdim=True), rtol=0, atol=1e-6)

    def test_layers_differ(self):
        every = backbone_of(two_head_tower())(
            WIDE, attention_layers=range(3), reduce_attention=False
        )["attention"]
        assert (every[:, 0] - every[:, 1]).abs().max() > 0.1
        assert (every[:, 1] - every[:, 2]).abs().max() > 0.1

    def test_rows_sum_to_one(self):
        attention = backbone_of(two_head_tower())(WIDE, attention_layers=[0, 2])["attention"]
        assert attention.min() >= 0
        torch.testing.assert_close(attention.sum(dim=-1), torch.ones(2, 1, 41), **TOLERANCE)


class TestPrecision:
    """Half precision on the CPU against float32: eleven bits of fraction, or eight."""

    @every_method
    @pytest.mark.parametrize("tower", ["clip, two heads", "open_clip, LayerScale"])
    @pytest.mark.parametrize(
        ("dtype", "cosine", "attention"),
        [(torch.float16, 0.9999, 2e-3), (torch.bfloat16, 0.995, 2e-2)],
    )
    def test_close_to_float32(self, tower, method, dtype, cosine, attention):
        visual = TOWERS[tower]()
        exact = backbone_of(copy.deepcopy(visual), method)(WIDE, attention_layers=[0, 2])
        backbone = backbone_of(set_precision(visual, dtype), method)
        half = backbone(WIDE, attention_layers=[0, 2])
        assert {value.dtype for value in half.values()} == {torch.float32}
        for key in ("patch_tokens", "class_token"):
            assert F.cosine_similarity(half[key], exact[key], dim=1).min() > cosine
            assert not torch.equal(half[key], exact[key])
        difference = (half["attention"] - exact["attention"]).abs().max()
        assert difference < attention
        encoded = backbone.encode_image(WIDE)
        assert encoded.dtype == torch.float32
        assert F.cosine_similarity(encoded, exact["class_token"], dim=1).min() > cosine


def modified_resnet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from clip.model import ModifiedResNet
    return ModifiedResNet((1, 1, 1, 1), output_dim=32, heads=2, input_resolution=32, width=8)


def timm_tower():
    from open_clip.timm_model import TimmModel

    return TimmModel("vit_tiny_patch16_224", embed_dim=32, image_size=32)


def without_projection():
    visual = clip_tower()
    visual.proj = None
    return visual


def other_attention():
    visual = open_clip_tower()
    visual.transformer.resblocks[1].attn = nn.Identity()
    return visual


class TestRefusals:
    @pytest.mark.parametrize(
        ("make", "reason"),
        [
            (modified_resnet, "CLIPViT cannot run ModifiedResNet: it is no ViT"),
            (timm_tower, "CLIPViT cannot run TimmModel: it is no ViT"),
            (lambda: open_clip_tower(attentional_pool=True), "it pools by attention"),
            (lambda: open_clip_tower(pool_type="avg"), "it pools by 'avg'"),
            (lambda: open_clip_tower(final_ln_after_pool=True), "normalises after pooling"),
            (without_projection, "no projection into the joint space"),
            (other_attention, "do not use plain multi-head attention"),
        ],
    )
    def test_other_towers(self, make, reason):
        with pytest.raises(ValueError, match=rf"{reason}.*MODEL\.CLIP\.ARCH"):
            backbone_of(make())

    def test_too_few_blocks_for_gem(self):
        with pytest.raises(ValueError, match=r"gem rewrites the last 6.*has 3.*GEM_BLOCKS"):
            CLIPViT(
                visual=clip_tower(),
                dense_attention=DenseAttention.from_preset("gem", "freecp"),
                pixel_mean=PIXEL_MEAN,
                pixel_std=PIXEL_STD,
            )

    def test_unknown_interpolation(self):
        with pytest.raises(ValueError, match=r'POSITIONAL_EMBEDDING="bicubic".*scale'):
            CLIPViT(
                visual=clip_tower(),
                dense_attention=DenseAttention("sclip"),
                interpolation="bicubic",
                pixel_mean=PIXEL_MEAN,
                pixel_std=PIXEL_STD,
            )


class TestConfig:
    @pytest.mark.parametrize(
        ("options", "dense"),
        [
            ([], DenseAttention("sclip", False, True)),
            (["DENSE_PRESET", "original"], DenseAttention("sclip", True, True)),
            (["DENSE_ATTENTION", "clearclip"], DenseAttention("clearclip", False, False)),
            (
                ["DENSE_PRESET", "custom", "DENSE_RESIDUAL", True, "DENSE_MLP", False],
                DenseAttention("sclip", True, False),
            ),
            (["DENSE_RESIDUAL", True, "DENSE_MLP", False], DenseAttention("sclip", False, True)),
            (["DENSE_ATTENTION", "gem"], DenseAttention("gem", True, False, 2)),
            (
                ["DENSE_ATTENTION", "gem", "DENSE_PRESET", "custom", "GEM_BLOCKS", 3],
                DenseAttention("gem", True, False, 3),
            ),
        ],
    )
    def test_last_block(self, tiny_cfg, options, dense):
        keys = [f"MODEL.CLIP.{o}" if i % 2 == 0 else o for i, o in enumerate(options)]
        tiny_cfg.merge_from_list(keys)
        assert build_backbone(tiny_cfg).dense_attention == dense

    @pytest.mark.parametrize(
        ("method", "key", "expected"),
        [
            ("sclip", "auto", "scale"),
            ("gem", "auto", "size_antialias"),
            ("gem", "scale", "scale"),
            ("sclip", "size_antialias", "size_antialias"),
        ],
    )
    def test_interpolation(self, tiny_cfg, method, key, expected):
        tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = method
        tiny_cfg.MODEL.CLIP.POSITIONAL_EMBEDDING = key
        assert build_backbone(tiny_cfg).interpolation == expected

    @pytest.mark.parametrize("key", ["DENSE_ATTENTION", "DENSE_PRESET", "POSITIONAL_EMBEDDING"])
    def test_unknown_names(self, tiny_cfg, key):
        tiny_cfg.merge_from_list([f"MODEL.CLIP.{key}", "typo"])
        with pytest.raises(ValueError, match=rf'MODEL\.CLIP\.{key}="typo" is unknown; use'):
            build_backbone(tiny_cfg)

    def test_unknown_method_with_custom_parts(self, tiny_cfg):
        tiny_cfg.merge_from_list(
            ["MODEL.CLIP.DENSE_PRESET", "custom", "MODEL.CLIP.DENSE_ATTENTION", "typo"]
        )
        with pytest.raises(ValueError, match=r'DENSE_ATTENTION="typo" is unknown; use'):
            build_backbone(tiny_cfg)

    def test_weights_are_those_of_the_checkpoint(self, tiny_cfg, tiny_checkpoint):
        state = torch.load(tiny_checkpoint, weights_only=True)
        backbone = build_backbone(tiny_cfg)
        for name, weight in backbone.visual.state_dict().items():
            assert torch.equal(weight, state[f"visual.{name}"])

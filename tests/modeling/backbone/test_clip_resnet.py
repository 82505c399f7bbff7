"""CLIPResNet against the libraries' forward pass, and its own contract."""

import pytest
import torch
from torch import nn

from freecp_d2.d2 import build_backbone
from freecp_d2.modeling.backbone import CLIPBackbone, CLIPResNet
from freecp_d2.modeling.backbone.clip_loading import set_precision
from tests.helpers.parity import PIXEL_MEAN, PIXEL_STD
from tests.helpers.random_clip import TINY_RESNET, random_clip, save_state_dict
from tests.helpers.random_towers import rand_normal

# Another order of sums; values are around 1.
TOLERANCE = {"rtol": 0, "atol": 2e-5}
NATIVE = rand_normal(2, 3, 64, 64)
WIDE = rand_normal(2, 3, 96, 160, seed=1)


def shaken(tower: nn.Module) -> nn.Module:
    """Perturbs parameters and statistics, whose initial zeros and ones would hide mistakes."""
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for name, value in tower.state_dict().items():
            if value.is_floating_point():
                noise = torch.rand(value.shape, generator=generator)
                value += noise if name.endswith(("var", "bn3.weight")) else 0.1 * (noise - 0.5)
    return tower.eval().requires_grad_(False)


def clip_resnet() -> nn.Module:
    return shaken(random_clip(TINY_RESNET).visual)


def open_clip_resnet() -> nn.Module:
    from open_clip.modified_resnet import ModifiedResNet

    torch.manual_seed(0)
    return shaken(ModifiedResNet([1, 2, 1, 1], 32, 4, image_size=64, width=8))


def resnet_of(visual: nn.Module, interpolation: str = "scale") -> CLIPResNet:
    return CLIPResNet(
        visual=visual, interpolation=interpolation, pixel_mean=PIXEL_MEAN, pixel_std=PIXEL_STD
    )


class TestOutputs:
    def test_class_token_is_the_library_forward(self):
        for make in (clip_resnet, open_clip_resnet):
            visual = make()
            expected, backbone = visual(NATIVE), resnet_of(visual)
            assert expected.std() > 1e-3, "a constant would prove nothing"
            torch.testing.assert_close(backbone(NATIVE)["class_token"], expected, **TOLERANCE)
            torch.testing.assert_close(backbone.encode_image(NATIVE), expected, **TOLERANCE)

    def test_uniform_attention_pools_the_patch_tokens(self):
        # Equal keys and no position: the class token is the mean of all values, and that of the
        # mean token is the mean of the patches' own.
        visual = clip_resnet()
        with torch.no_grad():
            visual.attnpool.k_proj.weight.zero_()
            visual.attnpool.positional_embedding.zero_()
        output = resnet_of(visual)(WIDE)
        pooled = output["patch_tokens"].mean(dim=(2, 3))
        torch.testing.assert_close(output["class_token"], pooled, **TOLERANCE)

    def test_they_match_output_shape(self):
        backbone = resnet_of(clip_resnet())
        shapes, output = backbone.output_shape(), backbone(WIDE)
        assert isinstance(backbone, CLIPBackbone)
        assert output.keys() == shapes.keys() == {"patch_tokens", "class_token"}
        assert {value.dtype for value in output.values()} == {torch.float32}
        assert output["patch_tokens"].shape == (2, 32, 3, 5)
        assert output["class_token"].shape == (2, 32)
        assert (shapes["patch_tokens"].channels, shapes["class_token"].channels) == (32, 32)
        stride = shapes["patch_tokens"].stride
        assert backbone.patch_size == backbone.size_divisibility == stride == 32

    def test_encode_image_is_the_class_token(self):
        for size in ((32, 32), (96, 224)):
            for interpolation in ("scale", "size_antialias"):
                backbone, images = resnet_of(clip_resnet(), interpolation), rand_normal(2, 3, *size)
                found = backbone(images)["class_token"]
                torch.testing.assert_close(backbone.encode_image(images), found)
                assert found.isfinite().all()

    def test_half_precision(self):
        for precision in (torch.float16, torch.bfloat16):
            expected = resnet_of(clip_resnet())(NATIVE)
            found = resnet_of(set_precision(clip_resnet(), precision))(NATIVE)
            for key, value in found.items():
                assert value.dtype == torch.float32
                similarity = torch.cosine_similarity(value.flatten(1), expected[key].flatten(1))
                assert similarity.min() > 0.99

    def test_attention_is_refused(self):
        with pytest.raises(ValueError, match=r"no attention.*layers \[0\].*DINOAffinity"):
            resnet_of(clip_resnet())(NATIVE, attention_layers=[0])


@pytest.fixture
def cfg(tiny_cfg, tmp_path):
    tiny_cfg.MODEL.BACKBONE.NAME = "CLIPResNet"
    tiny_cfg.MODEL.CLIP.PRETRAINED = str(save_state_dict(tmp_path / "rn.pt", TINY_RESNET))
    tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = "maskclip"
    return tiny_cfg


class TestConfig:
    def test_image_features_are_the_library_own(self, cfg):
        model, backbone = random_clip(TINY_RESNET), build_backbone(cfg)
        with torch.no_grad():
            expected = model.encode_image(NATIVE)
            torch.testing.assert_close(backbone.encode_image(NATIVE), expected, **TOLERANCE)

    def test_what_does_not_fit(self, cfg):
        for opts, message in (
            (["MODEL.CLIP.POSITIONAL_EMBEDDING", "nearest"], 'POSITIONAL_EMBEDDING="nearest"'),
            (["MODEL.CLIP.DENSE_ATTENTION", "sclip"], "a ResNet does not have; .*use maskclip"),
            (["MODEL.CLIP.ARCH", "RN50x16"], r"\(96, \(6, 8, 18, 8\), 384\)"),
            (["MODEL.CLIP.ARCH", "ViT-B/16"], r"holds a ResNet of .*means \(768, 12, 16, 224\)"),
            (["MODEL.BACKBONE.NAME", "CLIPViT"], "CLIPViT cannot run ModifiedResNet"),
        ):
            other = cfg.clone()
            other.merge_from_list(opts)
            with pytest.raises(ValueError, match=message):
                build_backbone(other)

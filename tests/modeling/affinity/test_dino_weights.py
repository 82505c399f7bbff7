"""Files of DINO, DINOv2 and timm are loaded completely, or refused with the wrong keys."""

import argparse

import pytest
import timm
import torch

from freecp_d2.modeling.affinity.dino import load_dino
from tests.helpers.random_affinity import DINO, DINOV2, DINOV3, dinov2_layout, random_dino


@pytest.fixture
def load(tmp_path):
    """Loads a content from a file."""

    def load(arch, content):
        torch.save(content, tmp_path / "dino.pth")
        return load_dino(arch, str(tmp_path / "dino.pth")).state_dict()

    return load


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        # The class token of DINOv2 is a sum of two that are stored.
        torch.testing.assert_close(found[key], value, rtol=0, atol=1e-6)


class TestFormats:
    def test_timm(self, load):
        for arch in (DINO, DINOV2, DINOV3):
            state = random_dino(arch).state_dict()
            assert_equal(load(arch, state), state)

    def test_dinov2_with_and_without_registers(self, load):
        """With and without the token of its masked training."""
        expected = random_dino(DINOV2).state_dict()
        state = dinov2_layout(random_dino(DINOV2))
        assert_equal(load(DINOV2, state), expected)
        del state["mask_token"]
        assert_equal(load(DINOV2, state), expected)
        expected = random_dino().state_dict()
        assert_equal(load(DINO, expected | {"mask_token": torch.zeros(1, 32)}), expected)

    def test_dinov3_of_its_authors(self, load):
        expected = random_dino(DINOV3).state_dict()
        theirs = {
            key.replace("reg_token", "storage_tokens")
            .replace("gamma_1", "ls1.gamma")
            .replace("gamma_2", "ls2.gamma"): value
            for key, value in expected.items()
        }
        assert_equal(load(DINOV3, theirs | {"mask_token": torch.zeros(1, 32)}), expected)

    def test_a_training_checkpoint(self, load):
        """The teacher, without the heads of the training."""
        expected = random_dino().state_dict()
        state = {f"module.backbone.{key}": value for key, value in expected.items()}
        teacher = state | {"module.head.mlp.0.weight": torch.zeros(2)}
        student = {key: torch.zeros_like(value) for key, value in state.items()}
        args = argparse.Namespace(arch="vit_tiny")
        content = {"student": student, "teacher": teacher, "args": args, "epoch": 1}
        assert_equal(load(DINO, content), expected)


class TestRefusals:
    def test_architectures(self, load):
        for arch, message in [
            ("vit_enormous", r'"vit_enormous".*vit_base_patch16_224\.dino'),
            ("vit_base_patch16_224.nope", r"\(nope\)"),
            ("resnet18", r'"resnet18" takes images of one size'),
            ("vit_small_patch16_rope_224", r"no plain ViT \(Eva\) and no DINOv3"),
        ]:
            with pytest.raises(ValueError, match=message):
                load(arch, random_dino().state_dict())

    def test_pretrained(self, monkeypatch):
        with pytest.raises(ValueError, match=r'DINO\.PRETRAINED=""'):
            load_dino(DINO, "")
        with pytest.raises(ValueError, match=r"vit_base_patch16_224, which are not DINO's"):
            load_dino("vit_base_patch16_224", "timm")

        def create_model(*args, **kwargs):
            raise OSError("no route")

        monkeypatch.setattr(timm, "create_model", create_model)
        with pytest.raises(ConnectionError, match=r"no route.*dino:vitb16"):
            load_dino("vit_base_patch16_224.dino", "timm")

    def test_other_weights(self, load):
        state, one = random_dino().state_dict(), torch.ones(1)
        without_norm = {key: value for key, value in state.items() if key != "norm.weight"}
        sam = {"image_encoder.patch_embed.proj.weight": one, "image_encoder.blocks.0.weight": one}
        not_finite = state | {"norm.weight": torch.full_like(state["norm.weight"], float("inf"))}
        for arch, content, message in (
            (DINOV2, state, r"\(32, 3, 8, 0\).*\(32, 2, 7, 4\)"),
            (DINOV3, random_dino(DINOV2).state_dict(), r"\(32, 2, 7, 4\).*\(32, 2, 8, 4\)"),
            (DINO, dinov2_layout(random_dino(DINOV2)), r" 4\).*vit_base_patch14_reg4_dinov2"),
            (DINO, {"conv1.weight": one}, r"no patch_embed\.proj\.weight, but conv1\.weight"),
            (DINO, without_norm | {"d": one}, r"1 missing \(norm\.weight\); 1 unexpected \(d\);"),
            (DINO, sam, r"dino\.pth is a SAM.*facebookresearch"),
            (DINO, {"embeddings.patch_embeddings.projection.weight": one}, "ViT in transformers"),
            (DINO, {"embeddings.register_tokens": one}, "DINOv2 with registers in transformers"),
            (DINO, not_finite, r"dino\.pth has NaN or infinite.*norm\.weight"),
        ):
            with pytest.raises(ValueError, match=message):
                load(arch, content)

"""Files of DINO, DINOv2 and timm load whole, or say which keys are wrong."""

import logging
import pickle

import pytest
import safetensors.torch
import timm
import torch

from freecp_d2.modeling.affinity.dino_weights import load_dino
from tests.helpers import random_affinity
from tests.helpers.random_affinity import DINO, DINOV2, dino_training, dinov2_layout, random_dino


@pytest.fixture
def file(tmp_path):
    return tmp_path / "weights.pth"


def check_loaded(arch, path, expected):
    found = load_dino(arch, str(path)).state_dict()
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        # The class token of DINOv2 is a sum of two that are stored.
        torch.testing.assert_close(found[key], value, rtol=0, atol=1e-6)


LAYERS = ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
BLOCK = [f"{layer}.{kind}" for layer in LAYERS for kind in ("weight", "bias")]
REST = ["cls_token", "pos_embed", "norm.weight", "norm.bias"]
REST += ["patch_embed.proj.weight", "patch_embed.proj.bias"]
"""Names in the released files of facebookresearch/dino; dinov2 adds ls1.gamma, ls2.gamma,
mask_token and, with registers, register_tokens."""


class TestFormats:
    def test_the_tiny_ones_have_the_authors_names(self):
        names = {f"blocks.{i}.{name}" for i in range(3) for name in BLOCK} | {*REST}
        assert random_dino().state_dict().keys() == names
        block = [*BLOCK, "ls1.gamma", "ls2.gamma"]
        names = {f"blocks.{i}.{name}" for i in range(2) for name in block} | {*REST}
        expected = names | {"mask_token", "register_tokens"}
        assert dinov2_layout(random_dino(DINOV2)).keys() == expected

    def test_dino(self, file):
        state = random_dino().state_dict()
        torch.save(state, file)
        check_loaded(DINO, file, state)

    def test_timm_safetensors(self, file):
        state = random_dino(DINOV2).state_dict()
        safetensors.torch.save_file(state, file.with_suffix(".safetensors"))
        check_loaded(DINOV2, file.with_suffix(".safetensors"), state)

    def test_dinov2_with_registers(self, file):
        vit = random_dino(DINOV2)
        torch.save(dinov2_layout(vit), file)
        check_loaded(DINOV2, file, vit.state_dict())

    def test_dinov2_without_the_token_of_its_training(self, file):
        vit = random_dino(DINOV2)
        state = dinov2_layout(vit)
        del state["mask_token"]
        torch.save(state, file)
        check_loaded(DINOV2, file, vit.state_dict())

    def test_the_authors_sizes_are_timms(self, file):
        """Real names and shapes: a ViT-S/14 as facebookresearch/dinov2 stores it."""
        vit = timm.create_model("vit_small_patch14_dinov2", num_classes=0)
        state = vit.state_dict() | {"mask_token": torch.zeros(1, 384)}
        assert state["pos_embed"].shape == (1, 1370, 384)
        torch.save(state, file)
        check_loaded("vit_small_patch14_dinov2.lvd142m", file, vit.state_dict())

    @pytest.mark.parametrize("prefix", ["module.", ""])
    def test_a_checkpoint_of_the_training(self, file, prefix, caplog):
        vit = random_dino()
        torch.save(dino_training(vit, prefix), file)
        with caplog.at_level(logging.INFO):
            check_loaded(DINO, file, vit.state_dict())
        assert "its teacher is taken" in caplog.text
        assert "1 keys of the training's heads are dropped" in caplog.text

    def test_blocks_in_chunks(self, file):
        vit = random_dino(DINOV2)
        layout = dinov2_layout(vit)
        state = {f"backbone.{k.replace('blocks.', 'blocks.0.')}": v for k, v in layout.items()}
        torch.save({"teacher": state | {"dino_head.last.weight": torch.zeros(2)}}, file)
        check_loaded(DINOV2, file, vit.state_dict())


class TestRefusals:
    def test_no_weights(self):
        with pytest.raises(ValueError, match=r'DINO\.PRETRAINED="" names no weights'):
            load_dino(DINO, "")

    @pytest.mark.parametrize(
        ("arch", "message"),
        [
            ("vit_enormous", r'"vit_enormous" is no model of timm.*vit_base_patch16_224\.dino'),
            ("vit_base_patch16_224.nope", r"Invalid pretrained tag \(nope\)"),
            ("resnet18", r'"resnet18" takes no images of any size'),
            ("vit_small_patch16_rope_224", r"is no plain ViT \(Eva\)"),
        ],
    )
    def test_architectures(self, arch, message, file):
        torch.save(random_dino().state_dict(), file)
        with pytest.raises(ValueError, match=message):
            load_dino(arch, str(file))

    def test_the_librarys_download_of_another_vit(self):
        with pytest.raises(ValueError, match=r"vit_base_patch16_224, which are not DINO's"):
            load_dino("vit_base_patch16_224", "timm")

    def test_no_network(self, monkeypatch):
        def create_model(*args, **kwargs):
            raise OSError("no route")

        monkeypatch.setattr(timm, "create_model", create_model)
        with pytest.raises(ConnectionError, match=r"no route.*dino:vitb16"):
            load_dino("vit_base_patch16_224.dino", "timm")

    def test_another_size(self, file):
        torch.save(random_dino().state_dict(), file)
        with pytest.raises(
            ValueError,
            match=r"\(width, layers, patch, registers\) = \(32, 3, 8, 0\).*means \(32, 2, 7, 4\)",
        ):
            load_dino(DINOV2, str(file))

    def test_no_vit(self, file):
        torch.save({"conv1.weight": torch.zeros(1)}, file)
        with pytest.raises(ValueError, match=r"no patch_embed\.proj\.weight, but conv1\.weight"):
            load_dino(DINO, str(file))

    def test_keys_are_named(self, file):
        state = random_dino().state_dict()
        del state["norm.weight"]
        torch.save(state | {"decoder.weight": torch.zeros(1)}, file)
        with pytest.raises(
            ValueError,
            match=r"1 missing \(norm\.weight\); 1 unexpected \(decoder\.weight\); change .*ARCH",
        ):
            load_dino(DINO, str(file))

    def test_a_truncated_file(self, file):
        torch.save(random_dino().state_dict(), file)
        file.write_bytes(file.read_bytes()[:1000])
        with pytest.raises(ValueError, match=r"no checkpoint that can be read"):
            load_dino(DINO, str(file))

    @pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"teacher": {}, "args": x}])
    def test_code_is_not_executed(self, file, wrap, tmp_path):
        target = tmp_path / "executed"

        class Malicious:
            def __reduce__(self):
                return (open, (str(target), "w"))

        file.write_bytes(pickle.dumps(wrap(Malicious()), protocol=2))
        torch.save(wrap(Malicious()), zipped := tmp_path / "zipped.pth")
        for path in (file, zipped):
            with pytest.raises(ValueError, match=r"no checkpoint that can be read"):
                load_dino(DINO, str(path))
        assert not target.exists()


def test_the_helpers_are_what_they_say():
    """The tiny models are plain ViTs of timm, found by its own registry."""
    assert timm.is_model(random_affinity.DINO)
    assert random_dino(DINOV2).reg_token.shape == (1, 4, 32)

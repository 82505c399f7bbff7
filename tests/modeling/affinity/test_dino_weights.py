"""Files of DINO, DINOv2 and timm are loaded completely, or refused with the wrong keys."""

import argparse
import pickle

import pytest
import safetensors.torch
import timm
import torch

from freecp_d2.modeling.affinity.dino import load_dino
from tests.helpers.random_affinity import DINO, DINOV2, DINOV3, dinov2_layout, random_dino


@pytest.fixture
def file(tmp_path):
    return tmp_path / "weights.pth"


def check_loaded(arch, path, expected):
    found = load_dino(arch, str(path)).state_dict()
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        # The class token of DINOv2 is a sum of two that are stored.
        torch.testing.assert_close(found[key], value, rtol=0, atol=1e-6)


class TestFormats:
    def test_dino_and_timm(self, file):
        state = random_dino().state_dict()
        torch.save(state, file)
        check_loaded(DINO, file, state)
        state = random_dino(DINOV2).state_dict()
        safetensors.torch.save_file(state, file.with_suffix(".safetensors"))
        check_loaded(DINOV2, file.with_suffix(".safetensors"), state)

    def test_dinov3_of_timm_and_of_its_authors(self, file):
        vit = random_dino(DINOV3)
        torch.save(vit.state_dict(), file)
        check_loaded(DINOV3, file, vit.state_dict())
        theirs = {
            key.replace("reg_token", "storage_tokens")
            .replace("gamma_1", "ls1.gamma")
            .replace("gamma_2", "ls2.gamma"): value
            for key, value in vit.state_dict().items()
        }
        torch.save(theirs | {"mask_token": torch.zeros(1, 32)}, file)
        check_loaded(DINOV3, file, vit.state_dict())
        torch.save(random_dino(DINOV2).state_dict(), file)
        with pytest.raises(ValueError, match=r"\(32, 2, 7, 4\).*\(32, 2, 8, 4\)"):
            load_dino(DINOV3, str(file))

    def test_dinov2_with_registers(self, file):
        """With and without the token of its masked training."""
        vit = random_dino(DINOV2)
        state = dinov2_layout(vit)
        torch.save(state, file)
        check_loaded(DINOV2, file, vit.state_dict())
        del state["mask_token"]
        torch.save(state, file)
        check_loaded(DINOV2, file, vit.state_dict())

    def test_dinov2_without_registers(self, file):
        vit = random_dino()
        torch.save(vit.state_dict() | {"mask_token": torch.zeros(1, vit.embed_dim)}, file)
        check_loaded(DINO, file, vit.state_dict())

    def test_a_training_checkpoint(self, file):
        """The teacher, without the heads of the training."""
        vit = random_dino()
        state = {f"module.backbone.{key}": value for key, value in vit.state_dict().items()}
        teacher = state | {"module.head.mlp.0.weight": torch.zeros(2)}
        student = {key: torch.zeros_like(value) for key, value in state.items()}
        args = argparse.Namespace(arch="vit_tiny")
        torch.save({"student": student, "teacher": teacher, "args": args, "epoch": 1}, file)
        check_loaded(DINO, file, vit.state_dict())


class TestRefusals:
    def test_architectures(self, file):
        torch.save(random_dino().state_dict(), file)
        for arch, message in [
            ("vit_enormous", r'"vit_enormous".*vit_base_patch16_224\.dino'),
            ("vit_base_patch16_224.nope", r"\(nope\)"),
            ("resnet18", r'"resnet18" takes images of one size'),
            ("vit_small_patch16_rope_224", r"no plain ViT \(Eva\) and no DINOv3"),
        ]:
            with pytest.raises(ValueError, match=message):
                load_dino(arch, str(file))

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

    def test_other_weights(self, file):
        state = random_dino().state_dict()
        torch.save(state, file)
        with pytest.raises(ValueError, match=r"\(32, 3, 8, 0\).*\(32, 2, 7, 4\)"):
            load_dino(DINOV2, str(file))
        torch.save({"conv1.weight": torch.zeros(1)}, file)
        with pytest.raises(ValueError, match=r"no patch_embed\.proj\.weight, but conv1\.weight"):
            load_dino(DINO, str(file))
        del state["norm.weight"]
        torch.save(state | {"decoder.weight": torch.zeros(1)}, file)
        message = r"1 missing \(norm\.weight\); 1 unexpected \(decoder\.weight\); .*ARCH"
        with pytest.raises(ValueError, match=message):
            load_dino(DINO, str(file))

    def test_damaged_files_and_code(self, file, tmp_path):
        torch.save(random_dino().state_dict(), file)
        file.write_bytes(file.read_bytes()[:1000])
        with pytest.raises(ValueError, match=file.name):
            load_dino(DINO, str(file))
        target = tmp_path / "executed"

        class Malicious:
            def __reduce__(self):
                return (open, (str(target), "w"))

        for content in (Malicious(), {"model": Malicious()}):
            file.write_bytes(pickle.dumps(content, protocol=2))
            torch.save(content, zipped := tmp_path / "zipped.pth")
            for path in (file, zipped):
                with pytest.raises(ValueError, match=path.name):
                    load_dino(DINO, str(path))
        assert not target.exists()

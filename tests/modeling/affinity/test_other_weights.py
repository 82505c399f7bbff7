"""Weights of other models are named as what they are."""

import pytest
import torch

from freecp_d2.modeling.affinity.dino import load_dino
from freecp_d2.modeling.affinity.sam import load_sam
from tests.helpers.random_affinity import DINO, DINOV2, dinov2_layout, random_dino

SAM_FILES = {
    "image_encoder.trunk.patch_embed.proj.weight": "SAM 2",
    "image_encoder.layers.0.blocks.0.conv1.c.weight": "MobileSAM",
    "mask_decoder.hf_token.weight": "HQ-SAM",
    "shared_image_embedding.positional_embedding": "transformers",
    "visual.conv1.weight": "CLIP",
}


@pytest.mark.parametrize("wrapped", [False, True])
def test_sam(tmp_path, wrapped):
    for name, kind in SAM_FILES.items():
        state = {name: torch.ones(1), "mask_decoder.weight": torch.ones(1)}
        torch.save({"model": state} if wrapped else state, tmp_path / "sam.pth")
        with pytest.raises(ValueError, match=rf"sam\.pth is a.*{kind}.*vit_b, vit_l and vit_h"):
            load_sam("vit_b", str(tmp_path / "sam.pth"))


class TestDINO:
    def test_registers(self, tmp_path):
        torch.save(dinov2_layout(random_dino(DINOV2)), tmp_path / "dino.pth")
        with pytest.raises(ValueError, match=r"registers\) = .* 4\).*vit_base_patch14_reg4_dinov2"):
            load_dino(DINO, str(tmp_path / "dino.pth"))

    def test_other_models(self, tmp_path):
        for name, kind in (
            ("embeddings.patch_embeddings.projection.weight", "ViT in transformers"),
            ("embeddings.register_tokens", "DINOv2 with registers in transformers"),
            ("image_encoder.patch_embed.proj.weight", "SAM"),
        ):
            state = {name: torch.ones(1), "image_encoder.blocks.0.weight": torch.ones(1)}
            state = state if "image" in name else {name: torch.ones(1)}
            torch.save(state, tmp_path / "dino.pth")
            with pytest.raises(ValueError, match=rf"dino\.pth is a {kind}.*facebookresearch"):
                load_dino(DINO, str(tmp_path / "dino.pth"))

    def test_prefix_of_a_training(self, tmp_path):
        vit = random_dino()
        state = {f"module.backbone.{key}": value for key, value in vit.state_dict().items()}
        torch.save(
            {"teacher": state | {"module.head.weight": torch.ones(1)}}, tmp_path / "dino.pth"
        )
        found = load_dino(DINO, str(tmp_path / "dino.pth")).state_dict()
        assert all(torch.equal(found[key], value) for key, value in vit.state_dict().items())

    def test_not_finite(self, tmp_path):
        state = random_dino().state_dict()
        state["norm.weight"][0] = float("inf")
        torch.save(state, tmp_path / "dino.pth")
        with pytest.raises(ValueError, match=r"dino\.pth has NaN or infinite.*norm\.weight"):
            load_dino(DINO, str(tmp_path / "dino.pth"))

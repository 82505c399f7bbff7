"""MaskFormerAffinity: the library's own masks from both models, and what it refuses."""

import json
import pickle

import pytest
import safetensors.torch
import torch
import torch.nn.functional as F

from freecp_d2.modeling.affinity import MaskFormerAffinity, build_affinity_head
from freecp_d2.modeling.affinity.maskformer import (
    _find_folder,
    load_maskformer,
    read_pixel_statistics,
)
from tests.helpers.random_affinity import random_maskformer, use_source
from tests.modeling.affinity.test_dino import MEAN, STD, grid_of, windows

IMAGENET = {"pixel_mean": (123.675, 116.28, 103.53), "pixel_std": (58.395, 57.12, 57.375)}
KINDS = ["maskformer", "mask2former"]


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    return random_maskformer(request.param)


@pytest.fixture
def snapshot(model, tmp_path):
    """A folder as the hub has it."""
    model.save_pretrained(tmp_path)
    statistics = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.1]}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(statistics))
    return tmp_path


def test_the_formula(model):
    """sum_q s_q m_q(i) m_q(j) of the library's outputs, term by term."""
    images = windows(1, 64, 96)
    with torch.no_grad():
        outputs = model(pixel_values=(images / 255 - MEAN) / STD)
    masks, classes = outputs.masks_queries_logits.sigmoid()[0], outputs.class_queries_logits[0]
    assert masks.shape == (6, 16, 24)
    head = MaskFormerAffinity(encoder=model, **IMAGENET)
    found = head.affinity(images, grid_of(1, 16, 24))  # the masks' own grid
    expected, unclaimed = torch.zeros(384, 384), torch.ones(384)
    for mask, logits in zip(masks.flatten(1), classes, strict=True):
        score = 1 - logits.softmax(0)[3]  # three labels, then "no object"
        expected += score * torch.outer(mask, mask)
        unclaimed *= 1 - score * mask
    expected += torch.diag(unclaimed)
    # Six terms in another order, of values up to two.
    torch.testing.assert_close(found[0], expected, rtol=0, atol=1e-4)


def test_another_grid_and_size(model):
    """Windows of 72 x 104 are looked at as 64 x 96, masks of 16 x 24 answered on 9 x 13."""
    images = windows(2, 72, 104)
    head = MaskFormerAffinity(encoder=model, **IMAGENET)
    seen = F.interpolate(images, (64, 96), mode="bilinear", antialias=True)
    on_own_grid = head.affinity(seen, grid_of(2, 16, 24))
    found = head.affinity(images, grid_of(2, 9, 13))
    assert on_own_grid.shape == (2, 384, 384)
    assert found.shape == (2, 117, 117)
    torch.testing.assert_close(found, head.affinity(seen, grid_of(2, 9, 13)))


def test_the_smallest_window(model):
    """A single cell of the coarsest map could not be normalised."""
    found = MaskFormerAffinity(encoder=model, **IMAGENET)(windows(1, 8, 8), grid_of(1, 1, 1))
    torch.testing.assert_close(found, torch.ones(1, 1, 1))


def test_input_size(model):
    images = windows(1, 32, 64)
    head = MaskFormerAffinity(encoder=model, input_size=64, **IMAGENET)
    larger = F.interpolate(images, (64, 128), mode="bilinear", antialias=True)
    expected = MaskFormerAffinity(encoder=model, **IMAGENET).affinity(larger, grid_of(1, 4, 8))
    torch.testing.assert_close(head.affinity(images, grid_of(1, 4, 8)), expected)


def test_input_size_out_of_range(model):
    with pytest.raises(ValueError, match=r"MASKFORMER\.INPUT_SIZE is -1"):
        MaskFormerAffinity(encoder=model, input_size=-1, **IMAGENET)


class TestSnapshots:
    def test_the_same_weights(self, model, snapshot):
        found = load_maskformer(str(snapshot)).state_dict()
        assert found.keys() == model.state_dict().keys()
        for key, value in model.state_dict().items():
            assert torch.equal(found[key], value)

    def test_a_pickle_of_tensors(self, model, snapshot):
        (snapshot / "model.safetensors").unlink()
        torch.save(model.state_dict(), snapshot / "pytorch_model.bin")
        found = load_maskformer(str(snapshot))
        weight = "class_predictor.weight"
        assert torch.equal(found.state_dict()[weight], model.state_dict()[weight])

    def test_names_of_the_hub(self, model, snapshot):
        """As released in 2022 and 2023, before the library renamed its layers, with and without
        what follows from the config."""
        state = safetensors.torch.load_file(snapshot / "model.safetensors")
        decoder = "model.transformer_module.decoder.layers.0"
        assert {f"{decoder}.fc1.weight", f"{decoder}.self_attn.out_proj.weight"} <= state.keys()
        encoder = "model.pixel_level_module.encoder"
        encoder += (
            ".model.encoder" if f"{encoder}.model.embeddings.norm.bias" in state else ".encoder"
        )
        attention = f"{encoder}.layers.0.blocks.0.attention.self"
        assert f"{attention}.query.weight" in state
        computed = {f"{attention}.relative_position_index": torch.zeros(16, 16).long()}
        state.pop(*computed, None)
        del state["criterion.empty_weight"]
        for extra in ({}, computed):
            safetensors.torch.save_file(
                state | extra, snapshot / "model.safetensors", metadata={"format": "pt"}
            )
            found = load_maskformer(str(snapshot))
            assert torch.equal(found.class_predictor.weight, model.class_predictor.weight)

    def test_pixels(self, snapshot):
        mean, std = read_pixel_statistics(str(snapshot))
        assert mean == pytest.approx((127.5, 102, 76.5))
        assert std == pytest.approx((51, 51, 25.5))

    def test_pixels_of_imagenet(self, snapshot, caplog):
        (snapshot / "preprocessor_config.json").unlink()
        mean, std = read_pixel_statistics(str(snapshot))
        assert mean == pytest.approx(IMAGENET["pixel_mean"])
        assert std == pytest.approx(IMAGENET["pixel_std"])
        assert "ImageNet's mean and std" in caplog.text

    def test_keys_are_named(self, model, snapshot):
        state = dict(model.state_dict())
        (snapshot / "model.safetensors").unlink()
        del state["class_predictor.bias"]
        torch.save(state | {"adapter.weight": torch.zeros(1)}, snapshot / "pytorch_model.bin")
        with pytest.raises(
            ValueError, match=r"1 missing \(class_predictor\.bias\); 1 unexpected \(adapter\.weig"
        ):
            load_maskformer(str(snapshot))

    def test_a_truncated_file(self, snapshot):
        weights = snapshot / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
        with pytest.raises(ValueError, match=r"former that transformers can load.*safetensors"):
            load_maskformer(str(snapshot))

    def test_code_is_not_executed(self, snapshot):
        class Malicious:
            def __reduce__(self):
                return (open, (str(snapshot / "executed"), "w"))

        (snapshot / "model.safetensors").unlink()
        weights = snapshot / "pytorch_model.bin"
        torch.save({"class_predictor.bias": Malicious()}, weights)
        with pytest.raises(ValueError, match=r"former that transformers can load"):
            load_maskformer(str(snapshot))
        weights.write_bytes(pickle.dumps({"class_predictor.bias": Malicious()}, protocol=2))
        with pytest.raises(ValueError, match=r"former that transformers can load"):
            load_maskformer(str(snapshot))
        assert not (snapshot / "executed").exists()


class TestFolders:
    def test_another_model(self, tmp_path):
        (tmp_path / "config.json").write_text('{"model_type": "detr"}')
        with pytest.raises(ValueError, match=r'model_type "detr", expected one of .*mask2former'):
            load_maskformer(str(tmp_path))

    def test_no_config(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"has no config\.json.*takes a folder"):
            load_maskformer(str(tmp_path))

    def test_a_broken_config(self, tmp_path):
        (tmp_path / "config.json").write_text('{"model_type": ')
        with pytest.raises(ValueError, match=r"config\.json is no JSON"):
            load_maskformer(str(tmp_path))

    def test_none(self):
        with pytest.raises(ValueError, match=r'MASKFORMER\.PRETRAINED="" names no weights'):
            _find_folder("")

    def test_hub_names(self, monkeypatch, tmp_path):
        asked = []
        find = "freecp_d2.modeling.affinity.checkpoints.find_weights"
        monkeypatch.setattr(find, lambda name: asked.append(name) or name)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "here" / "folder").mkdir(parents=True)
        for name in ("org/some-model", "here/folder", "maskformer:swin-base-coco", "hf://a/b"):
            _find_folder(name)
        expected = ["hf://org/some-model", "here/folder", "maskformer:swin-base-coco", "hf://a/b"]
        assert asked == expected


def test_from_config(tiny_cfg, tmp_path):
    use_source(tiny_cfg, "MaskFormerAffinity", tmp_path)
    tiny_cfg.MODEL.AFFINITY_HEAD.MASKFORMER.INPUT_SIZE = 64
    head = build_affinity_head(tiny_cfg, {})
    assert head.input_size == 64
    assert head.pixels.mean.flatten().tolist() == pytest.approx(IMAGENET["pixel_mean"])

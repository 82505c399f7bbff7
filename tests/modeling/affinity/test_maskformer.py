"""MaskFormerAffinity: the masks of both models of the library, and refused folders."""

import json

import pytest
import safetensors.torch
import torch
import torch.nn.functional as F

from freecp_d2.checkpoint.finding import find_folder
from freecp_d2.modeling.affinity import (
    CLIPAttentionAffinity,
    MaskFormerAffinity,
    build_affinity_head,
)
from freecp_d2.modeling.affinity.encoder import mask_affinity, region_labels
from freecp_d2.modeling.affinity.maskformer import load_maskformer, read_pixel_statistics
from freecp_d2.modeling.resampling import resample
from tests.helpers.random_affinity import random_eomt, random_maskformer, use_source
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
    """Windows of 72 x 104 are resized to 64 x 96, masks of 16 x 24 resampled to 9 x 13."""
    images = windows(2, 72, 104)
    head = MaskFormerAffinity(encoder=model, **IMAGENET)
    seen = F.interpolate(images, (64, 96), mode="bilinear", antialias=True)
    found = head.affinity(images, grid_of(2, 9, 13))
    assert found.shape == (2, 117, 117)
    torch.testing.assert_close(found, head.affinity(seen, grid_of(2, 9, 13)))
    larger = F.interpolate(images, (128, 192), mode="bilinear", antialias=True)
    found = MaskFormerAffinity(encoder=model, input_size=128, **IMAGENET).affinity(
        images, grid_of(2, 9, 13)
    )
    torch.testing.assert_close(found, head.affinity(larger, grid_of(2, 9, 13)))


def test_the_smallest_window(model):
    """A single cell of the coarsest map could not be normalised."""
    found = MaskFormerAffinity(encoder=model, **IMAGENET)(windows(1, 8, 8), grid_of(1, 1, 1))
    torch.testing.assert_close(found, torch.ones(1, 1, 1))


def test_eomt(tiny_cfg, tmp_path):
    """Its masks at its own size, from a folder; no other size."""
    model, images = random_eomt(), windows(2, 48, 80)
    model.save_pretrained(tmp_path)
    tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "MaskFormerAffinity"
    node = tiny_cfg.MODEL.AFFINITY_HEAD.MASKFORMER
    node.PRETRAINED = str(tmp_path)
    head = build_affinity_head(tiny_cfg, {})
    seen = F.interpolate(images, (64, 64), mode="bilinear", antialias=True)
    with torch.no_grad():
        outputs = model(pixel_values=(seen / 255 - MEAN) / STD)
    masks = resample(outputs.masks_queries_logits.sigmoid(), (6, 10))
    scores = 1 - outputs.class_queries_logits.softmax(-1)[..., -1]
    expected = mask_affinity(masks, scores)
    torch.testing.assert_close(head.affinity(images, grid_of(2, 6, 10)), expected)
    node.INPUT_SIZE = 32
    with pytest.raises(ValueError, match=r"INPUT_SIZE is 32.*64 x 64"):
        build_affinity_head(tiny_cfg, {}, weights=False)


def test_regions():
    """The mask that claims a patch most; the rest, which none claims by half, is one region."""
    masks = torch.tensor([[[[1.0, 0.6, 0.0]], [[0.9, 0.9, 0.5]]]])
    found = region_labels(masks, torch.tensor([[0.9, 0.8]]))
    assert found.tolist() == [[0, 1, 2]]
    assert region_labels(masks[:, :0], torch.zeros(1, 0)).tolist() == [[0, 0, 0]]
    model, images = random_maskformer(), windows(1, 64, 96)
    head = MaskFormerAffinity(encoder=model, **IMAGENET)
    assert head.has_regions
    assert not CLIPAttentionAffinity(attention_layers=[0]).has_regions
    found = head.regions(images, (8, 12))
    assert found.shape == (1, 96)
    assert found.max() <= 6


class TestFolders:
    def test_names_of_the_hub(self, model, snapshot):
        """As released in 2022 and 2023, before the library renamed its layers; with and without
        entries that are computed from the config."""
        state = safetensors.torch.load_file(snapshot / "model.safetensors")
        decoder = "model.transformer_module.decoder.layers.0"
        assert {f"{decoder}.fc1.weight", f"{decoder}.self_attn.out_proj.weight"} <= state.keys()
        name = "layers.0.blocks.0.attention.self.query.weight"
        (query,) = [key for key in state if key.endswith(name)]
        index = query.replace("query.weight", "relative_position_index")
        state.pop(index, None)
        del state["criterion.empty_weight"]
        for extra in ({}, {index: torch.zeros(16, 16).long()}):
            safetensors.torch.save_file(
                state | extra, snapshot / "model.safetensors", metadata={"format": "pt"}
            )
            found = load_maskformer(str(snapshot)).state_dict()
            assert torch.equal(found["class_predictor.weight"], state["class_predictor.weight"])

    def test_pixel_statistics(self, snapshot, caplog):
        mean, std = read_pixel_statistics(str(snapshot))
        assert mean == pytest.approx((127.5, 102, 76.5))
        assert std == pytest.approx((51, 51, 25.5))
        (snapshot / "preprocessor_config.json").unlink()
        mean, std = read_pixel_statistics(str(snapshot))
        assert mean == pytest.approx(IMAGENET["pixel_mean"])
        assert std == pytest.approx(IMAGENET["pixel_std"])
        assert "ImageNet" in caplog.text

    def test_a_pickle_of_tensors(self, model, snapshot, tiny_cfg):
        """The check of a run does not load the weights; building the head does."""
        (snapshot / "model.safetensors").unlink()
        weights = snapshot / "pytorch_model.bin"
        torch.save(model.state_dict(), weights)
        found = load_maskformer(str(snapshot)).state_dict()
        assert all(torch.equal(found[key], value) for key, value in model.state_dict().items())
        torch.save({**model.state_dict(), "class_predictor.bias": torch.zeros(9)}, weights)
        tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "MaskFormerAffinity"
        tiny_cfg.MODEL.AFFINITY_HEAD.MASKFORMER.PRETRAINED = str(snapshot)
        build_affinity_head(tiny_cfg, {}, weights=False)
        with pytest.raises(ValueError, match=rf"{snapshot} [\s\S]*class_predictor\.bias"):
            build_affinity_head(tiny_cfg, {})

        class Malicious:
            def __reduce__(self):
                return (open, (str(snapshot / "executed"), "w"))

        torch.save({"class_predictor.bias": Malicious()}, weights)
        with pytest.raises(ValueError, match=str(snapshot)):
            load_maskformer(str(snapshot))
        assert not (snapshot / "executed").exists()

    def test_refused(self, snapshot):
        weights, config = snapshot / "model.safetensors", snapshot / "config.json"
        weights.write_bytes(weights.read_bytes()[:-100])
        with pytest.raises(ValueError, match=str(snapshot)):
            load_maskformer(str(snapshot))
        for content, message in (
            ('{"model_type": "detr"}', r'model_type "detr".*mask2former'),
            ('{"model_type": ', r"config\.json is no JSON"),
        ):
            config.write_text(content)
            with pytest.raises(ValueError, match=message):
                load_maskformer(str(snapshot))
        config.unlink()
        with pytest.raises(FileNotFoundError, match=r"config\.json"):
            load_maskformer(str(snapshot))

    def test_names(self, monkeypatch, tmp_path):
        asked = []
        find = "freecp_d2.checkpoint.finding.find_weights"
        monkeypatch.setattr(find, lambda name: asked.append(name) or name)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "here" / "folder").mkdir(parents=True)
        for name in ("org/some-model", "here/folder", "maskformer:swin-base-coco"):
            find_folder("KEY", name, "an example")
        assert asked == ["hf://org/some-model", "here/folder", "maskformer:swin-base-coco"]
        with pytest.raises(ValueError, match='KEY=""'):
            find_folder("KEY", "", "an example")


def test_from_config(tiny_cfg, tmp_path):
    use_source(tiny_cfg, "MaskFormerAffinity", tmp_path)
    tiny_cfg.MODEL.AFFINITY_HEAD.MASKFORMER.INPUT_SIZE = 64
    head = build_affinity_head(tiny_cfg, {})
    assert head.input_size == 64
    assert head.pixels.mean.flatten().tolist() == pytest.approx(IMAGENET["pixel_mean"])

"""`check_run`: MODEL.WEIGHTS, affinity weights that are not loaded, and what it returns."""

import pytest
import torch

from freecp_d2.d2 import build_model
from freecp_d2.engine import build_checked, check_run, load_weights
from freecp_d2.engine.plugins import import_plugins
from freecp_d2.modeling.affinity import build_affinity_head
from freecp_d2.modeling.text_head import vocabulary_from_config
from tests.helpers.command import ROOT
from tests.helpers.random_affinity import save_source
from tests.helpers.wrapped import PixelClassifier

SHAPE = {"patch_tokens": None}


@pytest.fixture
def cfg(tiny_cfg, tmp_path):
    tiny_cfg.OUTPUT_DIR = str(tmp_path / "output")
    return tiny_cfg


@pytest.fixture
def wrapped_cfg(cfg):
    import_plugins([str(ROOT / "examples/color_position_affinity.py")])
    cfg.MODEL.META_ARCHITECTURE = "PurifiedSegmentor"
    cfg.MODEL.PURIFIED.META_ARCHITECTURE = "PixelClassifier"
    cfg.MODEL.AFFINITY_HEAD.NAME = "ColorPositionAffinity"
    return cfg


class TestWeights:
    @pytest.mark.parametrize("nested", [True, False])
    def test_are_those_of_the_wrapped_model(self, wrapped_cfg, tmp_path, nested):
        torch.manual_seed(3)
        weights = PixelClassifier(wrapped_cfg).state_dict()
        torch.save({"model": weights} if nested else weights, tmp_path / "pixels.pth")
        wrapped_cfg.MODEL.WEIGHTS = str(tmp_path / "pixels.pth")
        model = build_checked(check_run(wrapped_cfg))
        load_weights(wrapped_cfg, model)
        assert torch.equal(model.wrapped.conv.weight, weights["conv.weight"])

    def test_other_models_read_none(self, cfg):
        cfg.MODEL.WEIGHTS = "model.pth"
        with pytest.raises(ValueError, match=r"is not read.*MODEL\.CLIP\.PRETRAINED"):
            check_run(cfg)

    def test_missing_file(self, wrapped_cfg):
        wrapped_cfg.MODEL.WEIGHTS = "no/such/model.pth"
        with pytest.raises(FileNotFoundError, match=r"no/such/model\.pth.*PixelClassifier"):
            check_run(wrapped_cfg)

    def test_addresses_are_left_to_the_checkpointer(self, wrapped_cfg):
        for weights in ("detectron2://model.pkl", "https://example.org/a.pth?matching=True"):
            wrapped_cfg.MODEL.WEIGHTS = weights
            check_run(wrapped_cfg)


class TestAffinityWeights:
    @pytest.fixture(params=["DINOAffinity", "SAMAffinity", "MaskFormerAffinity"])
    def source(self, request, cfg, tmp_path):
        cfg.MODEL.AFFINITY_HEAD.NAME = request.param
        for key, value in save_source(request.param, tmp_path).items():
            cfg.merge_from_list([f"MODEL.AFFINITY_HEAD.{key}", value])
        return request.param

    def test_are_not_loaded_by_the_check(self, cfg, source):
        head = build_affinity_head(cfg, SHAPE, weights=False)
        assert all(parameter.is_meta for parameter in head.parameters())
        assert build_affinity_head(cfg, SHAPE).attention_layers == head.attention_layers
        check_run(cfg)

    def test_missing_file(self, cfg, source):
        key = f"MODEL.AFFINITY_HEAD.{source.removesuffix('Affinity').upper()}.PRETRAINED"
        cfg.merge_from_list([key, "/no/such/weights"])
        with pytest.raises(FileNotFoundError, match=key):
            check_run(cfg)

    def test_setting_out_of_range(self, cfg, source):
        cfg.MODEL.AFFINITY_HEAD.SINKHORN_STEPS = -1
        with pytest.raises(ValueError, match="SINKHORN_STEPS"):
            check_run(cfg)

    @pytest.mark.parametrize("source", ["DINOAffinity", "SAMAffinity"], indirect=True)
    def test_weights_that_do_not_fit(self, cfg, source, tiny_checkpoint):
        key = f"MODEL.AFFINITY_HEAD.{source.removesuffix('Affinity').upper()}.PRETRAINED"
        cfg.merge_from_list([key, str(tiny_checkpoint)])
        with pytest.raises(ValueError, match=r"tiny\.pt"):
            check_run(cfg)


def test_a_run_keeps_its_config_words_and_clip(cfg):
    checked = check_run(cfg)
    assert checked.cfg is cfg
    assert checked.vocabulary == vocabulary_from_config(cfg)
    assert check_run(cfg, checked.clip).clip is checked.clip
    model = build_checked(checked)
    assert model.text_head.vocabulary is checked.vocabulary
    assert model.backbone.visual is checked.clip.model.visual


def test_the_checked_model_gives_the_same_as_the_config_s(cfg):
    image = torch.randint(256, (3, 64, 80), generator=torch.Generator().manual_seed(0))
    batch = [{"image": image.byte()}]
    expected = build_model(cfg).eval()(batch)[0]["sem_seg"]
    found = build_checked(check_run(cfg)).eval()(batch)[0]["sem_seg"]
    torch.testing.assert_close(found, expected)


def test_a_wrapped_model_is_built_once(wrapped_cfg):
    checked = check_run(wrapped_cfg)
    assert build_checked(checked).wrapped is checked.wrapped

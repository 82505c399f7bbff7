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
    def test_are_those_of_the_wrapped_model(self, wrapped_cfg, tmp_path):
        torch.manual_seed(3)
        weights = PixelClassifier(wrapped_cfg).state_dict()
        wrapped_cfg.MODEL.WEIGHTS = str(tmp_path / "pixels.pth")
        for content in ({"model": weights}, weights):
            torch.save(content, wrapped_cfg.MODEL.WEIGHTS)
            model = build_checked(check_run(wrapped_cfg))
            load_weights(wrapped_cfg, model)
            assert torch.equal(model.wrapped.conv.weight, weights["conv.weight"])

    def test_that_are_not_read_or_missing(self, wrapped_cfg):
        for weights in ("detectron2://model.pkl", "https://example.org/a.pth?matching=True"):
            wrapped_cfg.MODEL.WEIGHTS = weights
            check_run(wrapped_cfg)  # addresses are left to the checkpointer
        wrapped_cfg.MODEL.WEIGHTS = "no/such/model.pth"
        with pytest.raises(FileNotFoundError, match=r"no/such/model\.pth.*PixelClassifier"):
            check_run(wrapped_cfg)
        wrapped_cfg.MODEL.META_ARCHITECTURE = "FreeCPSegmentor"
        with pytest.raises(ValueError, match=r"is not read.*MODEL\.CLIP\.PRETRAINED"):
            check_run(wrapped_cfg)


@pytest.mark.parametrize("source", ["DINOAffinity", "SAMAffinity", "MaskFormerAffinity"])
def test_affinity_encoders_are_checked_without_their_weights(
    cfg, source, tmp_path, tiny_checkpoint
):
    cfg.MODEL.AFFINITY_HEAD.NAME = source
    for key, value in save_source(source, tmp_path).items():
        cfg.merge_from_list([f"MODEL.AFFINITY_HEAD.{key}", value])
    head = build_affinity_head(cfg, SHAPE, weights=False)
    assert all(parameter.is_meta for parameter in head.parameters())
    assert build_affinity_head(cfg, SHAPE).attention_layers == head.attention_layers
    check_run(cfg)
    key = f"MODEL.AFFINITY_HEAD.{source.removesuffix('Affinity').upper()}.PRETRAINED"
    wrong = [(key, "/no/such/weights", FileNotFoundError, key)]
    if source != "MaskFormerAffinity":
        wrong.append((key, str(tiny_checkpoint), ValueError, r"tiny\.pt"))
    wrong.append(("MODEL.AFFINITY_HEAD.SINKHORN_STEPS", -1, ValueError, "SINKHORN_STEPS"))
    for option, value, error, message in wrong:
        other = cfg.clone()
        other.merge_from_list([option, value])
        with pytest.raises(error, match=message):
            check_run(other)


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

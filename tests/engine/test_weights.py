"""MODEL.WEIGHTS: whose they are, and how they get there."""

import pytest
import torch

from freecp_d2.d2 import build_model
from freecp_d2.engine.plugins import import_plugins
from freecp_d2.engine.weights import check_weights, load_weights
from tests.helpers.command import ROOT
from tests.helpers.wrapped import PixelClassifier


@pytest.fixture
def cfg(tiny_cfg):
    import_plugins([str(ROOT / "examples/color_position_affinity.py")])
    tiny_cfg.MODEL.META_ARCHITECTURE = "PurifiedSegmentor"
    tiny_cfg.MODEL.PURIFIED.META_ARCHITECTURE = "PixelClassifier"
    tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "ColorPositionAffinity"
    return tiny_cfg


@pytest.fixture(params=["model", "bare"])
def stored(request, cfg, tmp_path):
    torch.manual_seed(3)
    weights = PixelClassifier(cfg).state_dict()
    path = tmp_path / "pixels.pth"
    torch.save({"model": weights} if request.param == "model" else weights, path)
    cfg.MODEL.WEIGHTS = str(path)
    return weights


def test_they_are_those_of_the_wrapped_model(cfg, stored):
    check_weights(cfg)
    model = build_model(cfg)
    load_weights(cfg, model)
    assert torch.equal(model.wrapped.conv.weight, stored["conv.weight"])


def test_none_are_needed(cfg):
    check_weights(cfg)
    model = build_model(cfg)
    before = model.wrapped.conv.weight.clone()
    load_weights(cfg, model)
    assert torch.equal(model.wrapped.conv.weight, before)


def test_other_models_read_none(cfg, stored):
    cfg.MODEL.META_ARCHITECTURE = "FreeCPSegmentor"
    with pytest.raises(ValueError, match=r"is not read.*MODEL\.CLIP\.PRETRAINED"):
        check_weights(cfg)


def test_a_file_that_is_not_there(cfg):
    cfg.MODEL.WEIGHTS = "no/such/model.pth"
    with pytest.raises(FileNotFoundError, match=r"no/such/model\.pth.*PixelClassifier"):
        check_weights(cfg)


@pytest.mark.parametrize(
    "weights", ["detectron2://model.pkl", "https://example.org/a.pth?matching_heuristics=True"]
)
def test_an_address_is_left_to_the_checkpointer(cfg, weights):
    cfg.MODEL.WEIGHTS = weights
    check_weights(cfg)

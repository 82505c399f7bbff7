"""Configs and models by name."""

import pytest
import torch

import freecp_d2
from freecp_d2 import model_zoo
from freecp_d2.d2 import build_model
from freecp_d2.engine import load_config


def test_configs_are_those_of_the_files():
    assert freecp_d2.model_zoo is model_zoo
    cfg = model_zoo.get_config("ade20k/sclip_freecp")
    assert cfg == load_config("configs/ade20k/sclip_freecp.yaml")
    cfg.MODEL.DEVICE = "cpu"  # not frozen
    other = model_zoo.get_config("ade20k/sclip_freecp", {"MODEL.PRECISION": "bf16"})
    assert other.MODEL.PRECISION == "bf16"
    names = model_zoo.list_configs()
    assert "storybook/sclip_freecp" in names
    assert not any("Base-" in name for name in names)
    with pytest.raises(FileNotFoundError, match="ade20k/sclip_freecp"):
        model_zoo.get_config("ade20k/sclip_freecp_")


def test_a_model_is_that_of_its_config():
    name = "storybook/sclip_freecp"
    model, other = model_zoo.get(name, device="cpu"), build_model(model_zoo.get_config(name))
    assert not model.training
    assert str(model.device) == "cpu"
    found, expected = model.state_dict(), other.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(value.cpu(), expected[key].cpu()) for key, value in found.items())

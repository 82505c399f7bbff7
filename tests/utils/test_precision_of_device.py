"""MODEL.PRECISION by the device, and the warning about a CPU that is slow in it."""

import logging

import pytest
import torch

from freecp_d2.utils import device as device_module
from freecp_d2.utils.device import precision_for


@pytest.fixture(autouse=True)
def _forget():
    precision_for.cache_clear()
    yield
    precision_for.cache_clear()


def test_auto_is_that_of_the_release_on_a_gpu_alone():
    found = [precision_for("auto", device) for device in ("cuda", "cuda:1", "cpu", "mps")]
    assert found == ["fp16", "fp16", "fp32", "fp32"]
    assert precision_for("bf16", "cuda") == "bf16"


def test_a_slow_one_is_named_once_with_its_factor(monkeypatch, caplog):
    seconds = {torch.float32: 0.01, torch.float16: 0.45, torch.bfloat16: 0.008}
    monkeypatch.setattr(device_module, "_seconds", seconds.__getitem__)
    with caplog.at_level(logging.WARNING):
        for name in ("fp16", "fp16", "bf16", "fp32"):
            assert precision_for(name, "cpu") == name
    (message,) = caplog.messages
    assert '"fp16"' in message
    assert "45.0 times" in message

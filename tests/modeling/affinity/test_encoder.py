"""What heads with an encoder of their own share: size, mode, precision."""

import pytest
import torch
from torch import nn

from freecp_d2.modeling.affinity import EncoderAffinity
from freecp_d2.modeling.affinity.encoder import check_options, fitting_size, resize


def test_at_least():
    assert fitting_size((10, 100), 0, 32, at_least=2) == (64, 96)


@pytest.mark.parametrize(
    ("size", "shorter_side", "multiple", "expected"),
    [
        ((384, 384), 0, 16, (384, 384)),
        ((384, 384), 0, 14, (378, 378)),
        ((384, 320), 0, 32, (384, 320)),
        ((100, 384), 0, 16, (96, 384)),
        ((5, 384), 0, 16, (16, 384)),  # at least one
        ((384, 384), 518, 14, (518, 518)),
        ((192, 384), 384, 16, (384, 768)),
    ],
)
def test_fitting_size(size, shorter_side, multiple, expected):
    assert fitting_size(size, shorter_side, multiple) == expected


def test_resize():
    images = torch.rand(1, 3, 8, 8)
    assert resize(images, (8, 8)) is images
    torch.testing.assert_close(resize(torch.full((1, 3, 8, 8), 7.0), (5, 6)).mean().item(), 7.0)


def test_the_encoder_stays_frozen_and_in_evaluation_mode():
    head = EncoderAffinity(nn.Sequential(nn.Linear(2, 2).half(), nn.Dropout()))
    head.train()
    assert head.training
    assert not any(module.training for module in head.encoder.modules())
    assert not any(parameter.requires_grad for parameter in head.parameters())
    assert {parameter.dtype for parameter in head.parameters()} == {torch.float32}
    assert list(head.attention_layers) == []  # the backbone computes none for it


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_precision(precision, dtype):
    head = EncoderAffinity(nn.Linear(2, 2), precision=precision)
    with head.autocast(torch.device("cpu")):
        assert head.encoder(torch.ones(1, 2)).dtype is dtype


def test_unknown_precision():
    with pytest.raises(ValueError, match=r'MODEL.PRECISION="int8" is unknown.*fp16'):
        EncoderAffinity(nn.Linear(2, 2), precision="int8")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"input_size": -1}, r"X\.INPUT_SIZE is -1"), ({"power": 0.0}, r"X\.COSINE_POWER is 0\.0")],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        check_options("X", **options)

"""Computing in float32 whatever the surrounding precision."""

import torch
from torch import nn

from freecp_d2.utils.device import layer_norm, without_autocast
from tests.helpers.random_towers import rand_normal

TOKENS = rand_normal(2, 5, 64)


def test_layer_norm_computes_in_float32():
    for dtype in (torch.float16, torch.bfloat16):
        norm = nn.LayerNorm(64)
        nn.init.normal_(norm.weight, std=0.5)
        # Squares of 1000 overflow fp16, and bf16 has no digits to spare for a mean of 1000.
        x = (1000 + TOKENS).to(dtype)
        expected = norm(x.float()).to(dtype)
        ours = layer_norm(norm, x)
        assert ours.dtype == dtype
        assert torch.equal(ours, expected)
        assert torch.equal(layer_norm(norm.to(dtype), x).isfinite(), torch.ones_like(x, dtype=bool))


def test_without_autocast():
    @without_autocast
    def product(x):
        return x @ x

    for dtype in (torch.float16, torch.bfloat16):
        with torch.autocast("cpu", dtype=dtype):
            assert product(torch.eye(2)).dtype == torch.float32
            assert (torch.eye(2) @ torch.eye(2)).dtype == dtype, "autocast is on again"

"""A block against the blocks of both libraries, and the last one against each method."""

import math
from itertools import product

import pytest
import torch

from freecp_d2.modeling.backbone.dense_attention import (
    BlockFeatures,
    MaskCLIP,
    find_dense_attention,
)
from tests.helpers.random_towers import rand_normal, two_head_tower

TOLERANCE = {"rtol": 0, "atol": 1e-5}  # a few roundings of values around 1
TOKENS = rand_normal(2, 17, 64)


@pytest.fixture
def blocks():
    return list(two_head_tower().transformer.resblocks)


class TestAttention:
    def test_two_tokens_by_hand(self):
        # One head of E = 1. Logits: q q^T = (ln 3, 0; 0, 0), k k^T = 0, q k^T = 0.
        q = torch.tensor([math.log(3) ** 0.5, 0]).view(1, 1, 2, 1)
        k = torch.zeros(1, 1, 2, 1)
        v = torch.tensor([4.0, 8.0]).view(1, 1, 2, 1)
        expected = {
            "vanilla": [6.0, 6.0],
            "maskclip": [4.0, 8.0],
            "clearclip": [3 / 4 * 4 + 1 / 4 * 8, 6.0],
            "sclip": [5.0 + 6.0, 6.0 + 6.0],
        }
        for name, values in expected.items():
            result = find_dense_attention(name)().attend(q, k, v, (1, 1)).flatten()
            torch.testing.assert_close(result, torch.tensor(values), **TOLERANCE)


class TestLastBlock:
    def test_maskclip_by_hand(self, blocks):
        block, attn = blocks[-1], blocks[-1].attn
        width = slice(2 * 64, 3 * 64)  # values are the last third of the projection
        value = block.ln_1(TOKENS) @ attn.in_proj_weight[width].T + attn.in_proj_bias[width]
        for residual, mlp in product((False, True), (False, True)):
            expected = value @ attn.out_proj.weight.T + attn.out_proj.bias
            if residual:
                expected = expected + TOKENS
            if mlp:
                expected = expected + block.mlp(block.ln_2(expected))
            features = BlockFeatures(
                blocks=[block], grid=(4, 4), project=torch.nn.Identity(), tokens={-1: TOKENS}
            )
            dense, grid = MaskCLIP(residual=residual, mlp=mlp)(features)
            assert grid == (4, 4)
            torch.testing.assert_close(dense, expected[:, 1:], **TOLERANCE)

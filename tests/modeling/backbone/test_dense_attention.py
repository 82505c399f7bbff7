"""A block against the blocks of both libraries, and the last one against each method."""

import math
from itertools import product

import pytest
import torch

from freecp_d2.modeling.backbone.dense_attention import (
    CLIP,
    GEM,
    SCLIP,
    BlockFeatures,
    ClearCLIP,
    MaskCLIP,
    Vanilla,
    find_dense_attention,
    mean_over_heads,
    run_block,
)
from tests.helpers.random_towers import open_clip_tower, rand_normal, two_head_tower

TOLERANCE = {"rtol": 0, "atol": 1e-5}  # a few roundings of values around 1
TOKENS = rand_normal(2, 17, 64)


@pytest.fixture
def blocks():
    return list(two_head_tower().transformer.resblocks)


class TestPresets:
    def test_table(self):
        """The released program has no residual, the methods have one; ClearCLIP has no MLP."""
        for preset, residual in (("freecp", False), ("original", True)):
            for method in (Vanilla, MaskCLIP, SCLIP):
                assert method.PRESETS[preset] == (residual, True)
            assert ClearCLIP.PRESETS[preset] == (False, False)
            assert CLIP.PRESETS[preset] == (True, True)
        assert (SCLIP().residual, SCLIP().mlp) == (False, True)
        assert list(GEM(num_blocks=4).needs.tokens) == [-4, -3, -2, -1]
        assert GEM().num_blocks == 6

    def test_gem_without_blocks(self):
        with pytest.raises(ValueError, match="GEM_BLOCKS is 0"):
            GEM(num_blocks=0)


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


BLOCKS = {
    "clip": two_head_tower,
    "open_clip": open_clip_tower,
    "open_clip with layer scale": lambda: open_clip_tower(ls_init_value=0.1),
}


@pytest.fixture(params=BLOCKS)
def block(request):
    return BLOCKS[request.param]().transformer.resblocks[1]


def library_forward(block, x):
    if block.attn.batch_first:
        return block(x)
    return block(x.transpose(0, 1)).transpose(0, 1)


def test_a_block_is_the_library_own(block):
    x, attention = run_block(block, TOKENS)
    torch.testing.assert_close(x, library_forward(block, TOKENS), **TOLERANCE)
    assert attention is None


def test_one_query_gives_the_first_token(block):
    for read in (None, torch.clone):
        x, attention = run_block(block, TOKENS, num_queries=1, read=read)
        assert x.shape == (2, 1, 64)
        torch.testing.assert_close(x, library_forward(block, TOKENS)[:, :1], **TOLERANCE)
    assert attention.shape == (2, 2, 17, 17)  # of all tokens nevertheless


def test_asking_for_attention_changes_no_token(block):
    plain, _ = run_block(block, TOKENS)
    x, attention = run_block(block, TOKENS, read=torch.clone)
    torch.testing.assert_close(x, plain, **TOLERANCE)
    y = block.ln_1(TOKENS)
    y = y if block.attn.batch_first else y.transpose(0, 1)
    torch.testing.assert_close(mean_over_heads(attention), block.attn(y, y, y)[1], **TOLERANCE)


def test_attention_in_half_precision_is_averaged_in_float32():
    block = two_head_tower().transformer.resblocks[1].half()
    x, attention = run_block(block, TOKENS.half(), read=torch.clone)
    assert x.dtype == torch.float16
    assert attention.dtype == torch.float16
    assert mean_over_heads(attention).dtype == torch.float32

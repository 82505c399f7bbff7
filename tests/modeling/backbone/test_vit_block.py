"""The parts of a block against the blocks of both libraries, and by hand."""

import pytest
import torch

from freecp_d2.modeling.backbone.vit_block import run_block
from tests.helpers.random_towers import open_clip_tower, rand_normal, two_head_tower

# Their blocks call PyTorch's fused attention, ours does not always: a few roundings.
TOLERANCE = {"rtol": 0, "atol": 1e-5}
TOKENS = rand_normal(2, 17, 64)

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
    for need_attention in (False, True):
        x, attention = run_block(block, TOKENS, num_queries=1, need_attention=need_attention)
        assert x.shape == (2, 1, 64)
        torch.testing.assert_close(x, library_forward(block, TOKENS)[:, :1], **TOLERANCE)
        if need_attention:
            assert attention.shape == (2, 17, 17)  # of all tokens nevertheless


def test_asking_for_attention_changes_no_token(block):
    plain, _ = run_block(block, TOKENS)
    x, attention = run_block(block, TOKENS, need_attention=True)
    torch.testing.assert_close(x, plain, **TOLERANCE)
    y = block.ln_1(TOKENS)
    y = y if block.attn.batch_first else y.transpose(0, 1)
    torch.testing.assert_close(attention, block.attn(y, y, y)[1], **TOLERANCE)


def test_attention_in_half_precision_is_averaged_in_float32():
    block = two_head_tower().transformer.resblocks[1].half()
    x, attention = run_block(block, TOKENS.half(), need_attention=True)
    assert x.dtype == torch.float16
    assert attention.dtype == torch.float32

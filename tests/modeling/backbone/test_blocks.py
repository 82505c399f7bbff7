"""Blocks: the last one by hand, and the QuickGELU that writes into its input."""

import copy
from itertools import product

import torch

from freecp_d2.modeling.backbone.dense_attention import BlockFeatures, MaskCLIP
from freecp_d2.modeling.backbone.dense_attention.blocks import QuickGELU, save_memory
from tests.helpers.random_clip import random_clip
from tests.helpers.random_towers import rand_normal, two_head_tower


def test_the_last_block_of_maskclip_by_hand():
    tokens, block = rand_normal(2, 17, 64), two_head_tower().transformer.resblocks[-1]
    attn, width = block.attn, slice(2 * 64, 3 * 64)  # values are the last third of the projection
    value = block.ln_1(tokens) @ attn.in_proj_weight[width].T + attn.in_proj_bias[width]
    for residual, mlp in product((False, True), (False, True)):
        expected = value @ attn.out_proj.weight.T + attn.out_proj.bias
        if residual:
            expected = expected + tokens
        if mlp:
            expected = expected + block.mlp(block.ln_2(expected))
        features = BlockFeatures([block], (4, 4), torch.nn.Identity(), {-1: tokens})
        dense, grid = MaskCLIP(residual=residual, mlp=mlp)(features)
        assert grid == (4, 4)
        torch.testing.assert_close(dense, expected[:, 1:], rtol=0, atol=1e-5)


def test_a_tower_with_it_computes_the_same():
    model = random_clip()
    ours = copy.deepcopy(model)
    save_memory(ours)
    blocks = [*ours.visual.transformer.resblocks, *ours.transformer.resblocks]
    assert all(isinstance(block.mlp.gelu, QuickGELU) for block in blocks)
    images = rand_normal(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(ours.visual(images), model.visual(images))


def test_the_input_is_kept_where_a_gradient_needs_it():
    x = rand_normal(3, 4).requires_grad_()
    QuickGELU()(x).sum().backward()
    gate = torch.sigmoid(1.702 * x)
    torch.testing.assert_close(x.grad, gate + 1.702 * x * gate * (1 - gate))
    with torch.no_grad():
        y = x.detach().clone()
        assert QuickGELU()(y).data_ptr() == y.data_ptr()

"""The QuickGELU that writes into its input."""

import copy

import torch

from freecp_d2.modeling.backbone.activation import QuickGELU, save_memory
from tests.helpers.random_clip import random_clip
from tests.helpers.random_towers import rand_normal


def test_a_tower_computes_the_same():
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

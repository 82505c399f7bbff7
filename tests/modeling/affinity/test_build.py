"""The registry of affinity heads, and what every head inherits."""

import pytest
import torch

from freecp_d2.d2 import ShapeSpec
from freecp_d2.method import transition_matrix
from freecp_d2.modeling.affinity import (
    AFFINITY_HEAD_REGISTRY,
    AffinityHead,
    CLIPAttentionAffinity,
    build_affinity_head,
)

SHAPES = {"patch_tokens": ShapeSpec(channels=4, stride=8), "attention": ShapeSpec(channels=5)}


class ModelingTestsAffinity(AffinityHead):
    """Patches of one colour belong together."""

    def __init__(self, cfg, input_shape):
        super().__init__(num_sinkhorn_steps=cfg.MODEL.AFFINITY_HEAD.SINKHORN_STEPS)
        self.stride = input_shape["patch_tokens"].stride

    def affinity(self, images, features):
        colour = images[:, :1, :: self.stride, :: self.stride].flatten(2)
        return (colour.mT == colour).float()


def test_names(tiny_cfg):
    assert isinstance(build_affinity_head(tiny_cfg, SHAPES), CLIPAttentionAffinity)
    tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "Typo"
    with pytest.raises(KeyError, match=r"Typo.*AFFINITY_HEAD"):
        build_affinity_head(tiny_cfg, SHAPES)


def test_a_registered_head(tiny_cfg, monkeypatch):
    own = ModelingTestsAffinity.__name__
    monkeypatch.setitem(AFFINITY_HEAD_REGISTRY._obj_map, own, ModelingTestsAffinity)
    tiny_cfg.MODEL.AFFINITY_HEAD.NAME = own
    head = build_affinity_head(tiny_cfg, SHAPES)
    assert list(head.attention_layers) == []  # the backbone computes no attention for it
    image = torch.zeros(1, 3, 16, 32)
    image[..., 16:] = 1
    transition = head(image, {})
    # Two groups of four patches: uniform within a group, zero between them.
    together = head.affinity(image, {})
    torch.testing.assert_close(transition, together / 4)


def test_options_reach_the_transition_matrix():
    affinity = torch.rand(2, 6, 6, generator=torch.Generator().manual_seed(0)) + 0.1

    class Fixed(AffinityHead):
        def affinity(self, images, features):
            return affinity

    for steps, squarings in [(0, 0), (1, 0), (3, 1), (2, 3)]:
        found = Fixed(num_sinkhorn_steps=steps, num_squarings=squarings)(
            torch.zeros(2, 3, 8, 8), {}
        )
        expected = transition_matrix(affinity, num_sinkhorn_steps=steps, num_squarings=squarings)
        torch.testing.assert_close(found, expected)
    for options in ({"num_sinkhorn_steps": -1}, {"num_squarings": -1}):
        with pytest.raises(ValueError, match=r"SINKHORN_STEPS and SQUARINGS.*-1"):
            Fixed(**options)
    with pytest.raises(NotImplementedError):
        AffinityHead()(torch.zeros(1, 3, 8, 8), {})

"""The registry of affinity heads, what every head inherits, and CLIPAttentionAffinity."""

import importlib.util

import pytest
import torch

from freecp_d2.d2 import ShapeSpec, build_backbone
from freecp_d2.method import transition_matrix
from freecp_d2.modeling.affinity import (
    AFFINITY_HEAD_REGISTRY,
    AffinityHead,
    CLIPAttentionAffinity,
    build_affinity_head,
)
from freecp_d2.modeling.affinity.build import resolve_layers
from tests.helpers.random_affinity import OWN_ENCODERS

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


def test_a_missing_library_is_named_with_its_extra(tiny_cfg, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda library: None)
    for name, extra in zip(OWN_ENCODERS, ["dino", "sam", "maskformer"], strict=True):
        tiny_cfg.MODEL.AFFINITY_HEAD.NAME = name
        with pytest.raises(ImportError, match=rf"{name} needs.*freecp_d2\[{extra}\]"):
            build_affinity_head(tiny_cfg, {})


def test_layers():
    for layers, num_layers, expected in [
        ([], 12, range(11)),  # as in the released program: all but the last
        ([], 2, [0]),
        ([0], 1, [0]),
        ([0], 12, [0]),
        ([-1], 12, [11]),
        ([-12], 12, [0]),
        ([-3, -2], 12, [9, 10]),
        ([5, -7, 5], 12, [5]),
        ((1, 0), 2, [0, 1]),
    ]:
        assert resolve_layers(layers, num_layers, "LAYERS") == frozenset(expected)


def test_layers_out_of_range():
    for layers, outside in [([12], 12), ([-13], -13), ([0, 99], 99)]:
        with pytest.raises(ValueError, match=rf"LAYERS asks for \[{outside}\].*0 to 11"):
            resolve_layers(layers, 12, "LAYERS")
    with pytest.raises(ValueError, match=r"LAYERS is empty.*\[0\]"):
        resolve_layers([], 1, "LAYERS")


def test_from_config(tiny_cfg):
    node = tiny_cfg.MODEL.AFFINITY_HEAD
    node.SINKHORN_STEPS, node.SQUARINGS = 5, 2
    node.CLIP_ATTENTION.LAYERS = [0, -1]
    backbone = build_backbone(tiny_cfg)
    head = build_affinity_head(tiny_cfg, backbone.output_shape())
    assert isinstance(head, CLIPAttentionAffinity)
    assert head.attention_layers == {0, 2}  # the tiny CLIP has three
    assert (head.num_sinkhorn_steps, head.num_squarings) == (5, 2)
    node.CLIP_ATTENTION.LAYERS = [3]
    with pytest.raises(ValueError, match=r"CLIP_ATTENTION.LAYERS asks for \[3\]"):
        build_affinity_head(tiny_cfg, backbone.output_shape())


def test_a_backbone_without_attention_is_refused(tiny_cfg):
    tiny_cfg.MODEL.BACKBONE.NAME = "CLIPResNet"
    with pytest.raises(
        ValueError,
        match=r'"CLIPAttentionAffinity".*CLIPResNet.*CLIPViT.*DINOAffinity'
        r".*registered: .*MaskFormerAffinity.*SAMAffinity",
    ):
        build_affinity_head(tiny_cfg, {"patch_tokens": ShapeSpec(channels=4)})

"""CLIPAttentionAffinity: its layers and its backbones."""

import pytest

from freecp_d2.d2 import ShapeSpec, build_backbone
from freecp_d2.modeling.affinity import CLIPAttentionAffinity, build_affinity_head
from freecp_d2.modeling.affinity.clip_attention import resolve_layers


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

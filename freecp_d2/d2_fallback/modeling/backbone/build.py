"""
BACKBONE_REGISTRY and its builder.

Counterpart of `detectron2/modeling/backbone/build.py`. Leaves out: nothing.
"""

from __future__ import annotations

from ...config import CfgNode
from ...layers import ShapeSpec
from ...utils.registry import Registry
from .backbone import Backbone

__all__ = ["BACKBONE_REGISTRY", "build_backbone"]

BACKBONE_REGISTRY = Registry("BACKBONE")
BACKBONE_REGISTRY.__doc__ = """
Backbones by name. A registered object is called with `(cfg, input_shape)`, a config and a
`ShapeSpec`, and returns a `Backbone`.
"""


def build_backbone(cfg: CfgNode, input_shape: ShapeSpec | None = None) -> Backbone:
    """
    Build the backbone that MODEL.BACKBONE.NAME names.

    Args:
        cfg: the config, passed on.
        input_shape: default: as many channels as MODEL.PIXEL_MEAN has entries.

    Raises:
        KeyError: no backbone of that name is registered.
        AssertionError: what is registered under it does not return a `Backbone`.
    """
    if input_shape is None:
        input_shape = ShapeSpec(channels=len(cfg.MODEL.PIXEL_MEAN))
    name = cfg.MODEL.BACKBONE.NAME
    backbone = BACKBONE_REGISTRY.get(name)(cfg, input_shape)
    assert isinstance(backbone, Backbone), f"{name} should return a Backbone, got {backbone!r}."
    return backbone

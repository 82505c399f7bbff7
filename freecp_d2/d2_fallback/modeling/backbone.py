"""
Backbones: base class, registry and builder.

Counterpart of `detectron2/modeling/backbone/`. Leaves out: all backbones.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any

from fvcore.common.registry import Registry
from torch import nn

from ..config import CfgNode
from ..layers import ShapeSpec

__all__ = ["BACKBONE_REGISTRY", "Backbone", "build_backbone"]


class Backbone(nn.Module, metaclass=ABCMeta):
    """
    Image -> named feature maps.

    A subclass sets `_out_features`, `_out_feature_channels` and `_out_feature_strides`, or
    overrides `output_shape`.
    """

    _out_features: list[str]
    _out_feature_channels: dict[str, int]
    _out_feature_strides: dict[str, int]

    @abstractmethod
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a dict from feature name to tensor."""

    @property
    def size_divisibility(self) -> int:
        """Height and width of the input must be a multiple of this; 0: any size."""
        return 0

    @property
    def padding_constraints(self) -> dict[str, int]:
        """Further constraints for `ImageList` ("size_divisibility", "square_size")."""
        return {}

    def output_shape(self) -> dict[str, ShapeSpec]:
        """Feature name -> its channels and stride."""
        return {
            name: ShapeSpec(
                channels=self._out_feature_channels[name], stride=self._out_feature_strides[name]
            )
            for name in self._out_features
        }


BACKBONE_REGISTRY = Registry("BACKBONE")
BACKBONE_REGISTRY.__doc__ = """
Backbones by name. A registered object is called with `(cfg, input_shape)`, a config and a
`ShapeSpec`, and returns a `Backbone`.
"""


def build_backbone(cfg: CfgNode, input_shape: ShapeSpec | None = None) -> Backbone:
    """
    Build the backbone MODEL.BACKBONE.NAME.

    Args:
        input_shape: None: as many channels as MODEL.PIXEL_MEAN has entries.

    Raises:
        KeyError: no backbone of that name is registered.
        AssertionError: the registered object does not return a `Backbone`.
    """
    if input_shape is None:
        input_shape = ShapeSpec(channels=len(cfg.MODEL.PIXEL_MEAN))
    name = cfg.MODEL.BACKBONE.NAME
    backbone = BACKBONE_REGISTRY.get(name)(cfg, input_shape)
    assert isinstance(backbone, Backbone), f"{name} should return a Backbone, got {backbone!r}."
    return backbone

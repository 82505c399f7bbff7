"""
Models, backbones and their registries, which are empty until a project registers some.

Counterpart of `detectron2/modeling/`. Leaves out: all architectures.
"""

from abc import ABCMeta, abstractmethod
from typing import Any

import torch
from fvcore.common.registry import Registry
from torch import nn

from ..config import CfgNode
from ..layers import ShapeSpec
from .postprocessing import sem_seg_postprocess


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

    By default its input has as many channels as MODEL.PIXEL_MEAN has entries.
    """
    if input_shape is None:
        input_shape = ShapeSpec(channels=len(cfg.MODEL.PIXEL_MEAN))
    name = cfg.MODEL.BACKBONE.NAME
    backbone = BACKBONE_REGISTRY.get(name)(cfg, input_shape)
    assert isinstance(backbone, Backbone), f"{name} should return a Backbone, got {backbone!r}."
    return backbone


META_ARCH_REGISTRY = Registry("META_ARCH")
META_ARCH_REGISTRY.__doc__ = """
Whole models by name. A registered object is called with `(cfg)` and returns an `nn.Module`.
"""


def build_model(cfg: CfgNode) -> nn.Module:
    """Build MODEL.META_ARCHITECTURE on MODEL.DEVICE, without loading MODEL.WEIGHTS."""
    model = META_ARCH_REGISTRY.get(cfg.MODEL.META_ARCHITECTURE)(cfg)
    return model.to(torch.device(cfg.MODEL.DEVICE))

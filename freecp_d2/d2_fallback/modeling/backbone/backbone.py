"""
The base class of backbones.

Counterpart of `detectron2/modeling/backbone/backbone.py`. Leaves out: nothing.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any

from torch import nn

from ...layers import ShapeSpec

__all__ = ["Backbone"]


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
        """Pixels that height and width of the input must be a multiple of; 0 for any size."""
        return 0

    @property
    def padding_constraints(self) -> dict[str, int]:
        """Further wishes of `ImageList` ("size_divisibility", "square_size"); usually none."""
        return {}

    def output_shape(self) -> dict[str, ShapeSpec]:
        """Feature name -> its channels and stride."""
        return {
            name: ShapeSpec(
                channels=self._out_feature_channels[name], stride=self._out_feature_strides[name]
            )
            for name in self._out_features
        }

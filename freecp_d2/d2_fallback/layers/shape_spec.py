"""
ShapeSpec: the shape of a feature map, before there is one.

Counterpart of `detectron2/layers/shape_spec.py`. Leaves out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ShapeSpec"]


@dataclass
class ShapeSpec:
    """
    What a module may need to know about its input while it is built; None where unknown.

    Attributes:
        channels: number of channels.
        height, width: size in cells.
        stride: pixels of the image per cell.
    """

    channels: int | None = None
    height: int | None = None
    width: int | None = None
    stride: int | None = None

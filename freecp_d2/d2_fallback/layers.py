"""
The shape of a feature map.

Counterpart of `detectron2/layers/`. Leaves out: every layer.
"""

from dataclasses import dataclass


@dataclass
class ShapeSpec:
    """
    The shape of a module's input or output; None where unknown.

    Attributes:
        height, width: in cells of the feature map.
        stride: pixels of the image per cell.
    """

    channels: int | None = None
    height: int | None = None
    width: int | None = None
    stride: int | None = None

"""
Counterpart of `detectron2/data/transforms/__init__.py`. Leaves out: random augmentations, and the
transforms that only they need.
"""

from fvcore.transforms.transform import (
    BlendTransform,
    CropTransform,
    GridSampleTransform,
    HFlipTransform,
    NoOpTransform,
    PadTransform,
    ScaleTransform,
    Transform,
    TransformList,
    VFlipTransform,
)

from .augmentation import AugInput, Augmentation, AugmentationList
from .resize import ResizeShortestEdge, ResizeTransform

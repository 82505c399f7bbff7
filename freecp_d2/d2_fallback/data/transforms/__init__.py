"""
Counterpart of `detectron2/data/transforms/__init__.py`. Leaves out: random augmentations, and the
transforms that only they need.
"""

from fvcore.transforms.transform import HFlipTransform, NoOpTransform, Transform, TransformList

from .augmentation import AugInput, Augmentation, AugmentationList
from .resize import ResizeShortestEdge, ResizeTransform

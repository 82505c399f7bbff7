"""
Counterpart of `detectron2/modeling/__init__.py`. Leaves out: every built-in architecture; the
registries are empty until a project registers models.
"""

from .backbone import BACKBONE_REGISTRY, Backbone, build_backbone
from .meta_arch import META_ARCH_REGISTRY, build_model
from .postprocessing import sem_seg_postprocess

__all__ = [
    "BACKBONE_REGISTRY",
    "META_ARCH_REGISTRY",
    "Backbone",
    "build_backbone",
    "build_model",
    "sem_seg_postprocess",
]

"""
Counterpart of `detectron2/layers/__init__.py`. Leaves out: every layer; torch has those we need.
"""

from .shape_spec import ShapeSpec

__all__ = ["ShapeSpec"]

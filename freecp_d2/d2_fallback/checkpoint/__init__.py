"""Counterpart of `detectron2/checkpoint/__init__.py`. Leaves out: the model zoo's catalogue."""

from .detection_checkpoint import DetectionCheckpointer

__all__ = ["DetectionCheckpointer"]

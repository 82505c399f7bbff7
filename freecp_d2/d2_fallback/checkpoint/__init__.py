"""Counterpart of `detectron2.checkpoint`."""

from .detection_checkpoint import DetectionCheckpointer

__all__ = ["DetectionCheckpointer"]

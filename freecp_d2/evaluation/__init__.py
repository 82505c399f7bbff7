"""Metrics of semantic segmentation, and the files that they leave behind."""

from .confusion import Confusion, find_confusions, mean_iou_mmseg
from .evaluator import FreeCPSemSegEvaluator
from .tables import confusions_table, per_class_table

__all__ = [
    "Confusion",
    "FreeCPSemSegEvaluator",
    "confusions_table",
    "find_confusions",
    "mean_iou_mmseg",
    "per_class_table",
]

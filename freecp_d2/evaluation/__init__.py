"""Semantic segmentation metrics and the result files of an evaluation."""

from .confusion import Confusion, find_confusions, mean_iou_mmseg
from .evaluator import FreeCPSemSegEvaluator
from .reports import confusions_table, per_class_table

__all__ = [
    "Confusion", "FreeCPSemSegEvaluator", "confusions_table", "find_confusions", "mean_iou_mmseg",
    "per_class_table",
]  # fmt: skip

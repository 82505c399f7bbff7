"""Semantic segmentation metrics and the result files of an evaluation."""

from .confusion import Confusion, find_confusions, mean_iou_mmseg
from .evaluator import FreeCPSemSegEvaluator
from .reports import confusions_table, per_class_table

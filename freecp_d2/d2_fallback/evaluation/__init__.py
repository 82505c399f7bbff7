"""
Counterpart of `detectron2/evaluation/__init__.py`. Leaves out: the evaluators of other
tasks.
"""

from .evaluator import DatasetEvaluator, inference_context, inference_on_dataset
from .sem_seg_evaluation import SemSegEvaluator
from .testing import print_csv_format, verify_results

"""
Results as lines to copy, and their comparison with expected values.

Counterpart of `detectron2/evaluation/testing.py`. Leaves out: `flatten_results_dict` (training
curves).
"""

import logging
import math
import pprint
import sys
from collections.abc import Mapping
from typing import Any

from ..config import CfgNode

logger = logging.getLogger(__name__)


def print_csv_format(results: Mapping[str, Any]) -> None:
    """
    Log the main numbers of task -> {metric: score} as lines that start with `copypaste:`.

    Metrics of a class (with "-") are left out.
    """
    assert isinstance(results, Mapping), f"results should be a dict, got {type(results)}."
    for task, scores in results.items():
        if not isinstance(scores, Mapping):
            logger.info("copypaste: %s=%s", task, scores)
            continue
        main = {metric: score for metric, score in scores.items() if "-" not in metric}
        logger.info("copypaste: Task: %s", task)
        logger.info("copypaste: %s", ",".join(main))
        logger.info("copypaste: %s", ",".join(f"{score:.4f}" for score in main.values()))


def verify_results(cfg: CfgNode, results: Mapping[str, Mapping[str, float]]) -> bool:
    """
    Compare results with TEST.EXPECTED_RESULTS, a list of [task, metric, value, tolerance].

    SystemExit with status 1 if a score is missing, not finite, or out of its tolerance.
    """
    expected = cfg.TEST.EXPECTED_RESULTS
    if not expected:
        return True
    for task, metric, value, tolerance in expected:
        actual = results.get(task, {}).get(metric, math.nan)
        if not (math.isfinite(actual) and abs(actual - value) <= tolerance):
            logger.error("Result verification failed!")
            logger.error("Expected Results: %s", expected)
            logger.error("Actual Results: %s", pprint.pformat(results))
            sys.exit(1)
    logger.info("Results verification passed.")
    return True

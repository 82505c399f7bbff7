"""
The evaluation loop.

Counterpart of `detectron2/evaluation/evaluator.py`. Leaves out: nothing. Unlike there, the model's
mode is restored when the loop fails.
"""

from __future__ import annotations

import datetime
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from ..utils.comm import get_world_size, is_main_process
from ..utils.logger import log_every_n_seconds

__all__ = ["DatasetEvaluator", "DatasetEvaluators", "inference_context", "inference_on_dataset"]

logger = logging.getLogger(__name__)


class DatasetEvaluator:
    """Receives inputs with their outputs (`process`) and returns results (`evaluate`)."""

    def reset(self) -> None:
        """Called before the first input."""

    def process(self, inputs: Any, outputs: Any) -> None:
        """
        Process a batch: the model's inputs, usually a list of dicts, and its outputs.
        """

    def evaluate(self) -> Any:
        """
        Return task -> {metric: score} over all processes; None in processes without a result.
        """


class DatasetEvaluators(DatasetEvaluator):
    """Several evaluators, which report different tasks."""

    def __init__(self, evaluators: Sequence[DatasetEvaluator]) -> None:
        self._evaluators = evaluators

    def reset(self) -> None:
        for evaluator in self._evaluators:
            evaluator.reset()

    def process(self, inputs: Any, outputs: Any) -> None:
        for evaluator in self._evaluators:
            evaluator.process(inputs, outputs)

    def evaluate(self) -> dict[str, Any]:
        results: dict[str, Any] = {}
        for evaluator in self._evaluators:
            result = evaluator.evaluate()  # in every process: it may gather
            if not is_main_process() or result is None:
                continue
            for task, scores in result.items():
                assert task not in results, f"Two evaluators report the same task '{task}'."
                results[task] = scores
        return results


class _Stopwatch:
    """
    Seconds per iteration of the three stages, without the first five iterations (warm-up).

    There is no warm-up if `total`, the number of iterations, is one or less.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._warmup = max(0, min(5, total - 1))
        self._done = 0
        self._restart()

    def _restart(self) -> None:
        self._seconds = {"data": 0.0, "model": 0.0, "evaluator": 0.0}
        self._begin = self._last = time.perf_counter()

    def book(self, stage: str) -> None:
        """Add the time since the last call to a stage."""
        now = time.perf_counter()
        self._seconds[stage] += now - self._last
        self._last = now
        if stage == "data" and self._done == self._warmup:
            self._restart()

    def finish_iteration(self) -> None:
        """Count an iteration; log the progress at most every five seconds."""
        self._done += 1
        warm = self._done > self._warmup
        count = self._done - self._warmup if warm else self._done
        data, model, evaluator = (seconds / count for seconds in self._seconds.values())
        if self._done <= 2 * self._warmup and model <= 5:
            return  # too few iterations for an estimate
        each = (time.perf_counter() - self._begin) / count
        eta = datetime.timedelta(seconds=int(each * (self._total - self._done)))
        log_every_n_seconds(
            logging.INFO,
            f"Inference done {self._done}/{self._total}. Dataloading: {data:.4f} s/iter. "
            f"Inference: {model:.4f} s/iter. Eval: {evaluator:.4f} s/iter. "
            f"Total: {each:.4f} s/iter. ETA={eta}",
            n=5,
            name=__name__,
        )

    def log_total(self) -> None:
        """Log the time of this process without the warm-up."""
        count = max(1, self._total - self._warmup)
        total = time.perf_counter() - self._begin
        for what, seconds in (("", total), (" pure compute", self._seconds["model"])):
            logger.info(
                "Total inference%s time: %s (%.6f s / iter per device, on %d devices)",
                what,
                datetime.timedelta(seconds=int(seconds)),
                seconds / count,
                get_world_size(),
            )


def inference_on_dataset(
    model: Callable[[Any], Any],
    data_loader: Any,
    evaluator: DatasetEvaluator | Sequence[DatasetEvaluator] | None,
    callbacks: Mapping[str, Callable[[], Any]] | None = None,
) -> Any:
    """
    Run a model over a loader, without gradients, and evaluate its outputs.

    Args:
        model: batch -> outputs; an `nn.Module` is set to eval mode meanwhile.
        data_loader: an iterable with a length, which may be 0 in this process.
        evaluator: one, several, or None to measure only the speed.
        callbacks: functions for "on_start", "before_inference", "after_inference", "on_end".

    Returns:
        dict: the result of `evaluator.evaluate()`; {} if that is None.
    """
    if evaluator is None or isinstance(evaluator, Sequence):
        evaluator = DatasetEvaluators(evaluator or [])
    total = len(data_loader)
    logger.info("Start inference on %d batches", total)
    evaluator.reset()
    callbacks = callbacks or {}
    with ExitStack() as stack:
        if isinstance(model, nn.Module):
            stack.enter_context(inference_context(model))
        stack.enter_context(torch.no_grad())
        _call(callbacks, "on_start")
        watch = _Stopwatch(total)
        for inputs in data_loader:
            watch.book("data")
            _call(callbacks, "before_inference")
            outputs = model(inputs)
            _call(callbacks, "after_inference")
            if torch.cuda.is_available():
                torch.cuda.synchronize()  # otherwise the evaluator would wait
            watch.book("model")
            evaluator.process(inputs, outputs)
            watch.book("evaluator")
            watch.finish_iteration()
        _call(callbacks, "on_end")
    watch.log_total()
    results = evaluator.evaluate()
    return {} if results is None else results


def _call(callbacks: Mapping[str, Callable[[], Any]], event: str) -> None:
    if event in callbacks:
        callbacks[event]()


@contextmanager
def inference_context(model: nn.Module) -> Iterator[None]:
    """Set a model to eval mode, and back to the module's own mode afterwards."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)

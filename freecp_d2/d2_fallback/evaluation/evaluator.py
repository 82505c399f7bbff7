"""
The evaluation loop.

Counterpart of `detectron2/evaluation/evaluator.py`. Leaves out: several evaluators, callbacks, and
the warm-up in the logged times. Unlike there, the model's mode is restored when the loop fails.
"""

import datetime
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from ..utils.comm import get_world_size

logger = logging.getLogger(__name__)


class DatasetEvaluator:
    """Receives inputs with their outputs (`process`) and returns results (`evaluate`)."""

    def reset(self) -> None:
        """Called before the first input."""

    def process(self, inputs: Any, outputs: Any) -> None:
        """Process a batch: the model's inputs, usually a list of dicts, and its outputs."""

    def evaluate(self) -> Any:
        """Return task -> {metric: score} over all processes; None in those without a result."""


class _Stopwatch:
    """Seconds of the three stages of all iterations; logs the progress every five seconds."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._seconds = {"data": 0.0, "model": 0.0, "evaluator": 0.0}
        self._begin = self._last = time.perf_counter()
        self._next_log = self._begin

    def book(self, stage: str) -> None:
        """Add the time since the last call to a stage."""
        now = time.perf_counter()
        self._seconds[stage] += now - self._last
        self._last = now

    def finish_iteration(self) -> None:
        self._done += 1
        if self._last < self._next_log:
            return
        self._next_log = self._last + 5
        data, model, evaluator = (seconds / self._done for seconds in self._seconds.values())
        each = (self._last - self._begin) / self._done
        eta = datetime.timedelta(seconds=int(each * (self._total - self._done)))
        logger.info(
            f"Inference done {self._done}/{self._total}. Dataloading: {data:.4f} s/iter. "
            f"Inference: {model:.4f} s/iter. Eval: {evaluator:.4f} s/iter. "
            f"Total: {each:.4f} s/iter. ETA={eta}"
        )

    def log_total(self) -> None:
        """Log the time of this process."""
        total = time.perf_counter() - self._begin
        for what, seconds in (("", total), (" pure compute", self._seconds["model"])):
            logger.info(
                "Total inference%s time: %s (%.6f s / iter per device, on %d devices)",
                what,
                datetime.timedelta(seconds=int(seconds)),
                seconds / max(1, self._done),
                get_world_size(),
            )


def inference_on_dataset(
    model: Callable[[Any], Any], data_loader: Any, evaluator: DatasetEvaluator
) -> Any:
    """
    Run a model, batch -> outputs, over a loader without gradients, and evaluate its outputs.

    Returns the result of `evaluator.evaluate()`; {} if that is None.
    """
    logger.info("Start inference on %d batches", len(data_loader))
    evaluator.reset()
    with ExitStack() as stack:
        if isinstance(model, nn.Module):
            stack.enter_context(inference_context(model))
        stack.enter_context(torch.no_grad())
        watch = _Stopwatch(len(data_loader))
        for inputs in data_loader:
            watch.book("data")
            outputs = model(inputs)
            if torch.cuda.is_available():
                torch.cuda.synchronize()  # otherwise the evaluator would wait
            watch.book("model")
            evaluator.process(inputs, outputs)
            watch.book("evaluator")
            watch.finish_iteration()
    watch.log_total()
    results = evaluator.evaluate()
    return {} if results is None else results


@contextmanager
def inference_context(model: nn.Module) -> Iterator[None]:
    """Set a model to eval mode, and back to the module's own mode afterwards."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)

"""Labelling in several processes, each with a model on its own GPU or part of the CPU's cores."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.queues import Queue
from typing import Any

import torch

from ...engine import import_plugins
from ...engine.predictor import Predictor
from ...utils.allocator import keep_freed_memory
from ...utils.interrupts import children_end_on_interrupt, end_with_parent, interrupts_blocked
from .image_record import Settings

_predictor: Predictor
"""Of a process of the pool."""


@contextmanager
def submitted(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    settings: Settings,
    num_processes: int,
    imports: Sequence[str],
) -> Iterator[list[Future]]:
    """
    Call `function(input, predictor, settings)` for each input in the processes.

    At the end of the block, calls that have not begun are dropped. The processes never get Ctrl-C;
    this one ends them.

    Args:
        function: a function of a module, which the processes import.
        imports: the modules of `--import`.
    """
    context = get_context("spawn")
    devices: Queue[str] = context.Queue()
    for index in range(num_processes):
        name = settings.cfg.MODEL.DEVICE
        devices.put(f"cuda:{index}" if name == "cuda" else name)
    arguments = (devices, settings, max(1, (os.cpu_count() or 1) // num_processes), imports)
    pool = ProcessPoolExecutor(num_processes, context, _start, arguments)
    try:
        with children_end_on_interrupt():
            with interrupts_blocked():
                futures = [pool.submit(_call, function, one, settings) for one in inputs]
            yield futures
    finally:
        pool.shutdown(cancel_futures=True)


def _start(
    devices: "Queue[str]", settings: Settings, num_threads: int, imports: Sequence[str]
) -> None:
    global _predictor
    end_with_parent()
    keep_freed_memory()
    import_plugins(imports)
    if settings.cfg.MODEL.DEVICE == "cpu":
        torch.set_num_threads(num_threads)
    _predictor = Predictor(settings.cfg, settings.vocabulary, device=devices.get())


def _call(function: Callable[..., Any], one: Any, settings: Settings) -> Any:
    return function(one, _predictor, settings)

"""
Label inputs in this process, or in several, each with a model on its own GPU or on part of the
CPU's cores.
"""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.queues import Queue
from typing import Any

import torch

from ...data.images.reading import ImageError, ImageTooLargeError
from ...engine import import_plugins
from ...engine.predictor import Predictor
from ...utils.files import printable
from ...utils.processes import (
    children_end_on_interrupt,
    end_with_parent,
    interrupts_blocked,
    keep_freed_memory,
)
from .image_record import Settings
from .labelling import Task, label_input

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of writing that every other input would meet, too."""

_predictor: Predictor
"""Of a process of the pool."""


@contextmanager
def labeller(
    tasks: Sequence[Task],
    build: Callable[[], Predictor],
    settings: Settings,
    num_processes: int,
    imports: Sequence[str],
) -> Iterator[Callable[[Task], dict[str, Any]]]:
    """
    A function that labels an unfinished input of `tasks`, and returns its record.

    Several processes import `imports` first and get all inputs at once; at the end of the block,
    those that have not begun are dropped. The processes never get Ctrl-C; this one ends them.
    """
    todo = [task for task in tasks if task.record is None]
    # Several processes have models of their own, after this one has found that it can be built, and
    # has downloaded its weights and encoded the words.
    predictor = build() if todo else None
    num_processes = min(num_processes, len(todo))
    if num_processes < 2:  # the model is None only if no input is labelled
        yield lambda task: label_input(predictor, task, settings)  # type: ignore[arg-type]
        return
    predictor = None
    context = get_context("spawn")
    devices: Queue[str] = context.Queue()
    for index in range(num_processes):
        name = settings.cfg.MODEL.DEVICE
        devices.put(f"cuda:{index}" if name == "cuda" else name)
    num_threads = max(1, (os.cpu_count() or 1) // num_processes)
    arguments = (devices, settings, num_threads, imports)
    pool = ProcessPoolExecutor(num_processes, context, _start, arguments)
    try:
        with children_end_on_interrupt():
            with interrupts_blocked():
                futures = {task.name: pool.submit(_label, task, settings) for task in todo}
            yield lambda task: futures[task.name].result()
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


def _label(task: Task, settings: Settings) -> dict[str, Any]:
    try:
        return label_input(_predictor, task, settings)
    except (ValueError, MemoryError, RuntimeError, OSError) as error:
        if stops_run(error):
            raise
        raise ValueError(reason_of(error)) from None  # others may not be picklable


def stops_run(error: Exception) -> bool:
    """Whether every other input would have the same error."""
    is_full = isinstance(error, OSError) and error.errno in _DISK_ERRORS
    return is_full or isinstance(error, BrokenProcessPool)


def reason_of(error: Exception) -> str:
    """Why an input failed, on one line, without its name."""
    if isinstance(error, BrokenProcessPool):
        return "a process ended abruptly, often for lack of memory; use a smaller --num-gpus"
    if isinstance(error, MemoryError):
        return "it does not fit into memory"
    text = error.reason if isinstance(error, ImageError) else str(error)
    if isinstance(error, ImageTooLargeError):
        text += ", see --max-megapixels"
    return printable(" ".join(text.split()) or type(error).__name__)

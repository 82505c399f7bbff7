"""A lock for threads that share a model, and an error in a process that a fork has made."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch

from ..segmentors import Segmentor

_locks: WeakKeyDictionary[object, threading.RLock] = WeakKeyDictionary()
"""By the part that has the words, which models may share. Locks in a model would stop pickling."""
_processes: set[int] = set()
"""Where PyTorch has worked: this process, and those that it is a fork of."""

if hasattr(os, "register_at_fork"):  # a lock of another thread would stay locked in the fork
    os.register_at_fork(after_in_child=_locks.clear)


def check_process() -> None:
    """RuntimeError in a fork of a process with a predictor, where PyTorch's threads would hang."""
    own = os.getpid()
    if _processes - {own} and torch.get_num_threads() > 1:
        raise RuntimeError(
            f"This process, {own}, is a fork of one that has used a predictor, in which PyTorch's "
            'threads hang. Start processes with multiprocessing.get_context("spawn") and build a '
            "predictor in each, or call torch.set_num_threads(1) in the fork, on the CPU."
        )
    _processes.add(own)


@contextmanager
def exclusively(model: Segmentor) -> Iterator[None]:
    """Let other threads wait for the model. May be nested; raises as `check_process`."""
    check_process()
    text_head = getattr(model, "wrapped", model).text_head
    with _locks.setdefault(text_head, threading.RLock()):
        yield

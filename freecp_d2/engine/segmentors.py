"""The meta-architectures of this package, which take words: building, and sharing by threads."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from ..d2 import META_ARCH_REGISTRY, CfgNode
from ..modeling.backbone import LoadedCLIP
from ..modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ..modeling.meta_arch.purified_segmentor import PurifiedSegmentor
from ..modeling.meta_arch.sam3_segmentor import SAM3Segmentor
from ..text import Vocabulary

Segmentor = FreeCPSegmentor | SAM3Segmentor | PurifiedSegmentor

_locks: WeakKeyDictionary[object, threading.RLock] = WeakKeyDictionary()
"""By the part that has the words, which models may share. Locks in a model would stop pickling."""

_processes: set[int] = set()
"""Where PyTorch has worked: this process, and those that it is a fork of."""


def check_takes_words(cfg: CfgNode) -> None:
    """ValueError if the model has words of its own."""
    name, key = cfg.MODEL.META_ARCHITECTURE, "MODEL.META_ARCHITECTURE"
    if name == "PurifiedSegmentor":
        name, key = cfg.MODEL.PURIFIED.META_ARCHITECTURE, "MODEL.PURIFIED.META_ARCHITECTURE"
    if name not in ("FreeCPSegmentor", "SAM3Segmentor"):
        raise ValueError(
            f'{key}="{name}", but a Predictor sets the words of a model; use FreeCPSegmentor or '
            "SAM3Segmentor, or PurifiedSegmentor around one of them."
        )


def build_segmentor(
    cfg: CfgNode, vocabulary: Vocabulary, clip: LoadedCLIP | None = None, **parts: Any
) -> nn.Module:
    """Build a `Segmentor` with these words, on its device; `clip` is used if it needs one."""
    name = cfg.MODEL.META_ARCHITECTURE
    if name != "SAM3Segmentor":
        parts["clip"] = clip
    model = META_ARCH_REGISTRY.get(name)(cfg, vocabulary=vocabulary, **parts)
    return model.to(torch.device(cfg.MODEL.DEVICE))


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

"""The config, the device, the model and the results of a predictor, which threads may share."""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from ...d2 import META_ARCH_REGISTRY, CfgNode
from ...modeling.backbone import LoadedCLIP
from ...modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ...modeling.meta_arch.purified_segmentor import PurifiedSegmentor
from ...modeling.meta_arch.sam3_segmentor import SAM3Segmentor
from ...modeling.outputs import ClassScores, OutputClasses, label_map
from ...modeling.purification.diagnosis import WindowDiagnosis
from ...text import Vocabulary
from ...utils.device import to_host
from ..config_loading import load_config
from .prediction import Prediction

Segmentor = FreeCPSegmentor | SAM3Segmentor | PurifiedSegmentor

_locks: WeakKeyDictionary[object, threading.RLock] = WeakKeyDictionary()
"""One lock for each text head, which models may share; as an attribute it would stop pickling."""

_processes: set[int] = set()
"""Ids of processes in which a predictor has run; a fork inherits those of its parents."""

_BLACK = (0, 0, 0)

Options = Mapping[str, object] | Sequence[object]
Words = str | Path | Sequence[str | Sequence[str]] | Vocabulary


def option_list(opts: Options) -> list[str]:
    """The `opts` of `load_config` from a mapping, or from alternating keys and values."""
    pairs = [part for item in opts.items() for part in item] if isinstance(opts, Mapping) else opts
    return [str(part) for part in pairs]


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


def config_for_images(
    config: str | Path | CfgNode, opts: Options = (), device: str | torch.device | None = None
) -> CfgNode:
    """
    A config for segmentation without a dataset; for the arguments and errors see `Predictor`.

    Raises:
        ValueError: also for `opts` of a config that is loaded already.
    """
    if isinstance(config, CfgNode):
        if opts:
            raise ValueError("opts are for config files; merge them into the config.")
        cfg = config.clone()
        if device is not None:
            cfg.defrost()
            cfg.MODEL.DEVICE = str(usable_device(device))
            cfg.freeze()
    elif not isinstance(config, (str, Path)):
        raise TypeError(
            f"got a config of type {type(config).__name__}, expected a name, a path or a CfgNode; "
            "for a model, use Predictor.from_model."
        )
    else:
        more = [] if device is None else ["MODEL.DEVICE", str(usable_device(device))]
        cfg = load_config(str(config), [*option_list(opts), *more], for_images=True)
    check_takes_words(cfg)
    return cfg


def check_for_images(model: Segmentor, images_per_batch: int) -> None:
    """Raise `ValueError` for an oracle, which needs ground truth, and for an empty batch."""
    if isinstance(model, FreeCPSegmentor) and model.oracle:
        raise ValueError(
            "MODEL.PURIFICATION_HEAD.ORACLE=True needs to know what is in an image; set it "
            "to False."
        )
    if images_per_batch < 1:
        raise ValueError(f"TEST.IMAGES_PER_BATCH is {images_per_batch}; use 1 or more.")


def usable_device(device: str | torch.device) -> torch.device:
    """The device; ValueError if there is none of this name, or not on this machine."""
    try:
        found = torch.device(device)
        torch.zeros(1, device=found).tolist()
    except (RuntimeError, AssertionError, ImportError, NotImplementedError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            f'device="{device}" cannot be used here ({reason}); use "cpu", or "cuda" with a GPU.'
        ) from error
    return found


def with_heads(model: FreeCPSegmentor, **changes: Any) -> FreeCPSegmentor:
    """A model with other parts or settings, `changes`, which shares all the rest."""
    names = (
        "backbone text_head affinity_head purification_head window_size window_stride "
        "window_batch_size crop_size oracle return_label_map grid_rule refine"
    )
    same = {name: getattr(model, name) for name in names.split()}
    same["input_format"] = model.pixels.input_format
    return FreeCPSegmentor(**(same | changes)).to(model.device)


def prediction_of(
    image: np.ndarray,
    found: ClassScores,
    text_head: OutputClasses,
    windows: tuple[WindowDiagnosis, ...] = (),
) -> Prediction:
    """The prediction for an image, uint8 RGB, shape (H, W, 3), with these scores."""
    background, floor = text_head.background_is_rest, text_head.background_thresh
    size, words = (image.shape[0], image.shape[1]), text_head.vocabulary
    labels = label_map(found, size, background=background, floor=floor, unlabelled=-1)
    labels, classes = to_host(labels.to(torch.int32), found.classes)
    rest = text_head.has_background
    return Prediction(
        image=image,
        label_map=labels.numpy(),
        names=("background",) * rest + words.display_names,
        colors=(_BLACK,) * rest + words.colors,
        windows=windows,
        found=ClassScores(classes, found.scores.cpu()),
        background=background,
        floor=floor,
    )

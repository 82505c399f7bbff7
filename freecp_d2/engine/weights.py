"""MODEL.WEIGHTS: the weights of a model that `PurifiedSegmentor` wraps."""

import os

from torch import nn

from ..d2 import CfgNode, DetectionCheckpointer
from ..modeling.meta_arch.purified_segmentor import PurifiedSegmentor

__all__ = ["check_weights", "load_weights"]


def check_weights(cfg: CfgNode) -> None:
    """
    Find out, before anything is built, whether MODEL.WEIGHTS will be read.

    Raises:
        ValueError: it is set for a model that does not read it.
        FileNotFoundError: it is a path, and nothing is there.
    """
    weights = cfg.MODEL.WEIGHTS
    if not weights:
        return
    if cfg.MODEL.META_ARCHITECTURE != "PurifiedSegmentor":
        raise ValueError(
            f'MODEL.WEIGHTS="{weights}" is not read: a CLIP comes with its own library; '
            "use MODEL.CLIP.PRETRAINED."
        )
    path = weights.partition("?")[0]  # Detectron2 takes options behind it
    if "://" not in path and not os.path.isfile(path):
        raise FileNotFoundError(
            f'MODEL.WEIGHTS="{weights}" is no file; give the path of the checkpoint of '
            f'{cfg.MODEL.PURIFIED.META_ARCHITECTURE}, or "" if the model needs none.'
        )


def load_weights(cfg: CfgNode, model: nn.Module) -> None:
    """
    Load MODEL.WEIGHTS into the model that `model` wraps; any other model brings its own.

    Tensors that do not fit are skipped with a warning, as Detectron2 does.
    """
    if isinstance(model, PurifiedSegmentor) and cfg.MODEL.WEIGHTS:
        DetectionCheckpointer(model.wrapped).load(cfg.MODEL.WEIGHTS)

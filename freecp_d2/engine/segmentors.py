"""The meta-architectures of this package, which take words, from a config."""

from typing import Any

import torch
from torch import nn

from ..d2 import META_ARCH_REGISTRY, CfgNode
from ..modeling.backbone import LoadedCLIP
from ..modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ..modeling.meta_arch.purified_segmentor import PurifiedSegmentor
from ..modeling.meta_arch.sam3_segmentor import SAM3Segmentor
from ..text import Vocabulary

Segmentor = FreeCPSegmentor | SAM3Segmentor | PurifiedSegmentor


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

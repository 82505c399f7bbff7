"""FreeCP: training-free class purification for open-vocabulary segmentation, for Detectron2."""

import sys
import warnings
from typing import TYPE_CHECKING, Any

from freecp import exit_on_interrupt

if sys.argv[0] == "-m" and any(word.startswith("freecp_d2.") for word in sys.orig_argv):
    exit_on_interrupt()  # `python -m freecp_d2.words` imports torch here, before its own code

from .config import add_freecp_config
from .data.benchmarks import register_benchmarks
from .data.storybook.dataset import register_storybook
from .modeling.affinity import (
    AFFINITY_HEAD_REGISTRY,
    AffinityHead,
    CLIPAttentionAffinity,
    DINOAffinity,
    MaskFormerAffinity,
    SAMAffinity,
)
from .modeling.backbone import DENSE_ATTENTION_REGISTRY, CLIPResNet, CLIPViT, DenseAttention
from .modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from .modeling.meta_arch.purified_segmentor import PurifiedSegmentor
from .modeling.meta_arch.sam3_segmentor import SAM3Segmentor
from .modeling.purification.build import PURIFICATION_HEAD_REGISTRY, PurificationOutput
from .modeling.purification.class_purification import ClassPurification
from .text import Vocabulary, load_vocabulary
from .utils.imports import lazy_names
from .version import __version__

if TYPE_CHECKING:
    from . import model_zoo
    from .engine.predictor import Prediction, Predictor
    from .modeling.purification.purify import purify

__all__ = [
    "AFFINITY_HEAD_REGISTRY",
    "DENSE_ATTENTION_REGISTRY",
    "PURIFICATION_HEAD_REGISTRY",
    "AffinityHead",
    "CLIPAttentionAffinity",
    "CLIPResNet",
    "CLIPViT",
    "ClassPurification",
    "DINOAffinity",
    "DenseAttention",
    "FreeCPSegmentor",
    "MaskFormerAffinity",
    "Prediction",
    "Predictor",
    "PurificationOutput",
    "PurifiedSegmentor",
    "SAM3Segmentor",
    "SAMAffinity",
    "Vocabulary",
    "__version__",
    "add_freecp_config",
    "load_vocabulary",
    "model_zoo",
    "purify",
    "register_benchmarks",
    "register_storybook",
]

register_benchmarks()
register_storybook()


_RENAMED = {"Purified": PurificationOutput}
"""Public names of version 0.1 that changed; they go with version 0.3."""

_lazy = lazy_names(
    __name__,
    {
        ".engine.predictor": ["Prediction", "Predictor"],
        ".modeling.purification.purify": ["purify"],
    },
)


def __getattr__(name: str) -> Any:
    if name not in _RENAMED:
        return _lazy(name)
    new = _RENAMED[name]
    warnings.warn(
        f"freecp_d2.{name} is now freecp_d2.{new.__name__}; use the new name.",
        DeprecationWarning,
        stacklevel=2,
    )
    return new

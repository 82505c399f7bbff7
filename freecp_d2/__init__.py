"""FreeCP: training-free class purification for open-vocabulary segmentation, for Detectron2."""

from .config import add_freecp_config
from .data.benchmarks import register_benchmarks
from .data.storybook.dataset import register_storybook
from .engine.predictor import Prediction, Predictor
from .modeling.affinity import (
    AFFINITY_HEAD_REGISTRY,
    AffinityHead,
    CLIPAttentionAffinity,
    DINOAffinity,
    MaskFormerAffinity,
    SAMAffinity,
)
from .modeling.backbone import CLIPResNet, CLIPViT
from .modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from .modeling.meta_arch.purified_segmentor import PurifiedSegmentor
from .modeling.purification.class_purification import (
    PURIFICATION_HEAD_REGISTRY,
    ClassPurification,
)
from .modeling.purification.output import Purified
from .modeling.purification.purify import purify
from .text import Vocabulary, load_vocabulary

__all__ = [
    "AFFINITY_HEAD_REGISTRY",
    "PURIFICATION_HEAD_REGISTRY",
    "AffinityHead",
    "CLIPAttentionAffinity",
    "CLIPResNet",
    "CLIPViT",
    "ClassPurification",
    "DINOAffinity",
    "FreeCPSegmentor",
    "MaskFormerAffinity",
    "Prediction",
    "Predictor",
    "Purified",
    "PurifiedSegmentor",
    "SAMAffinity",
    "Vocabulary",
    "add_freecp_config",
    "load_vocabulary",
    "purify",
    "register_benchmarks",
    "register_storybook",
]

register_benchmarks()
register_storybook()

"""FreeCP: training-free class purification for open-vocabulary segmentation, for Detectron2."""

from .config import add_freecp_config
from .data.benchmarks import register_benchmarks
from .data.storybook import register_storybook
from .freecp_segmentor import FreeCPSegmentor
from .modeling.affinity import (
    AFFINITY_HEAD_REGISTRY,
    AffinityHead,
    CLIPAttentionAffinity,
    DINOAffinity,
    MaskFormerAffinity,
    SAMAffinity,
)
from .modeling.backbone import CLIPResNet, CLIPViT
from .modeling.purification import PURIFICATION_HEAD_REGISTRY, ClassPurification
from .modeling.purified import Purified
from .modeling.purify import purify
from .predictor import Prediction, Predictor
from .purified_segmentor import PurifiedSegmentor
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

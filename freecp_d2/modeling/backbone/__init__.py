"""CLIP image towers as Detectron2 backbones with a feature for every patch."""

from .base import CLIPBackbone, LoadedCLIP, build_clip_backbone
from .clip_loading import load_clip, load_clip_from_config
from .clip_resnet import CLIPResNet
from .clip_vit import CLIPViT
from .dense_attention import (
    DENSE_ATTENTION_REGISTRY,
    BlockFeatures,
    DenseAttention,
    Needs,
    TowerSpec,
)
from .tips_vit import TIPSViT

__all__ = [
    "DENSE_ATTENTION_REGISTRY", "BlockFeatures", "CLIPBackbone", "CLIPResNet", "CLIPViT",
    "DenseAttention", "LoadedCLIP", "Needs", "TIPSViT", "TowerSpec", "build_clip_backbone",
    "load_clip", "load_clip_from_config",
]  # fmt: skip

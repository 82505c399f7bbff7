"""Backbones: CLIP image towers that answer for every patch."""

from .clip_loading import LoadedCLIP, load_clip, load_clip_from_config
from .clip_vit import CLIPViT
from .dense_attention import DenseAttention

__all__ = ["CLIPViT", "DenseAttention", "LoadedCLIP", "load_clip", "load_clip_from_config"]

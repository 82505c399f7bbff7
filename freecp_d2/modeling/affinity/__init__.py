"""Affinity heads: sources of the self-affinity of Eq. (2)."""

from .build import AFFINITY_HEAD_REGISTRY, AffinityHead, build_affinity_head
from .clip_attention import CLIPAttentionAffinity

__all__ = [
    "AFFINITY_HEAD_REGISTRY",
    "AffinityHead",
    "CLIPAttentionAffinity",
    "build_affinity_head",
]

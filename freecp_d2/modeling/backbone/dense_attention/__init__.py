"""Base methods: how patch tokens are read out of a CLIP ViT (Tab. 2)."""

from .blocks import RunningMean, mean_over_heads, query_key_value, run_block
from .build import (
    DENSE_ATTENTION_REGISTRY,
    BlockFeatures,
    DenseAttention,
    Needs,
    TowerSpec,
    build_dense_attention,
    find_dense_attention,
    run_blocks,
)
from .cliptrase import CLIPtrase
from .gem import GEM
from .maskclip_sclip_clearclip import CLIP, SCLIP, ClearCLIP, LastBlock, MaskCLIP, Vanilla
from .naclip import NACLIP
from .proxyclip import ProxyCLIP
from .resclip import ResCLIP
from .scclip import SCCLIP
from .sfp import SFP

__all__ = [
    "CLIP", "DENSE_ATTENTION_REGISTRY", "GEM", "NACLIP", "SCCLIP", "SCLIP", "SFP", "BlockFeatures",
    "CLIPtrase", "ClearCLIP", "DenseAttention", "LastBlock", "MaskCLIP", "Needs", "ProxyCLIP",
    "ResCLIP", "RunningMean", "TowerSpec", "Vanilla", "build_dense_attention",
    "find_dense_attention", "mean_over_heads", "query_key_value", "run_block", "run_blocks",
]  # fmt: skip

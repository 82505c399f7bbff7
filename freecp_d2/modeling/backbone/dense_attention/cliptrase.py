"""
CLIPtrase (ECCV 2024), its attention; `modeling/clusters.py` has its clusters.

Shapes: N windows, T = 1 + h * w tokens (class token first), H heads, E channels of a head.
"""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from .blocks import attention_weights
from .build import DENSE_ATTENTION_REGISTRY, BlockFeatures, Needs
from .last_block import LastBlock


@DENSE_ATTENTION_REGISTRY.register()
class CLIPtrase(LastBlock):
    """(softmax(q q^T) + softmax(k k^T) + softmax(v v^T)) v, residual and MLP kept."""

    PRESETS: ClassVar = {"freecp": (True, True), "original": (True, True)}

    def attend(self, q: Tensor, k: Tensor, v: Tensor, grid: tuple[int, int]) -> Tensor:
        return (attention_weights(q, q) + attention_weights(k, k) + attention_weights(v, v)) @ v


class ClusteringCLIPtrase(CLIPtrase):
    """The same, for `clusters.py`: it keeps the tokens that enter the last block but one."""

    needs = Needs(tokens=(-1, -2), qkv=(-1, -2))


def self_correlation(features: BlockFeatures) -> Tensor:
    """
    The cosines of queries, keys and values in the last block but one, each with its own kind.

    Returns the mean over the three and the heads, float32, (N, T, T).
    """
    parts = features.query_key_value(-2)
    units = [F.normalize(part.float(), dim=-1) for part in parts]
    return torch.stack([(x @ x.mT).mean(dim=1) for x in units]).mean(dim=0)

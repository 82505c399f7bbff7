"""
CLIPtrase (ECCV 2024): its attention, and the clusters of its complete program.

Shapes: N windows, T = 1 + h * w tokens (class token first), H heads, E channels of a head.
"""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ....d2 import CfgNode, configurable
from ....utils.imports import require_library
from ...cliptrase_clusters import clusters_of_pixels
from .blocks import attention_weights
from .build import DENSE_ATTENTION_REGISTRY, BlockFeatures, Needs, TowerSpec
from .maskclip_sclip_clearclip import LastBlock


@DENSE_ATTENTION_REGISTRY.register()
class CLIPtrase(LastBlock):
    """
    (softmax(q q^T) + softmax(k k^T) + softmax(v v^T)) v, residual and MLP kept.

    With `vote` it is the authors' complete program: the patches of a window are clustered by their
    correlation in the last block but one, and a cluster takes the label of most of its pixels.
    """

    PRESETS: ClassVar = {"freecp": (True, True), "original": (True, True)}

    @configurable
    def __init__(
        self,
        *,
        vote: bool = False,
        radius: float = 0.7,
        min_samples: int = 3,
        class_token: bool = False,
        residual: bool = True,
        mlp: bool = True,
    ):
        """
        Args:
            vote: give clusters; needs scikit-learn.
            radius, min_samples: of DBSCAN.
            class_token: scores of words are multiplied by those of the class token before the vote.

        Raises:
            ValueError: a radius or a number of samples out of range.
            ImportError: scikit-learn is needed and not installed.
        """
        super().__init__(residual=residual, mlp=mlp)
        if radius <= 0 or min_samples < 1:
            raise ValueError(
                f"MODEL.CLIP.CLIPTRASE.RADIUS is {radius}, MIN_SAMPLES {min_samples}; expected "
                "more than 0.0, and 1 or more."
            )
        if class_token and not vote:
            raise ValueError(
                "MODEL.CLIP.CLIPTRASE.CLASS_TOKEN is True without VOTE, which reads it; set VOTE."
            )
        if vote:
            require_library("sklearn", extra="cliptrase", user="MODEL.CLIP.CLIPTRASE.VOTE")
            self.needs = Needs(tokens=(-1, -2), qkv=(-1, -2))
        self.radius, self.min_samples, self.class_token = radius, min_samples, class_token
        self.gives_clusters = vote

    @classmethod
    def from_config(cls, cfg: CfgNode, tower: TowerSpec) -> dict[str, Any]:
        node = cfg.MODEL.CLIP.CLIPTRASE
        own = {"vote": node.VOTE, "radius": node.RADIUS, "min_samples": node.MIN_SAMPLES}
        return {**super().from_config(cfg, tower), **own, "class_token": node.CLASS_TOKEN}

    def attend(self, q: Tensor, k: Tensor, v: Tensor, grid: tuple[int, int]) -> Tensor:
        return (attention_weights(q, q) + attention_weights(k, k) + attention_weights(v, v)) @ v

    def clusters(self, features: BlockFeatures, size: tuple[int, int]) -> dict[str, Tensor]:
        found = clusters_of_pixels(
            self_correlation(features), features.grid, size, self.radius, self.min_samples
        )
        if not self.class_token:
            return {"clusters": found}
        token = features.project(self.rewritten(features)[:, 0])
        return {"clusters": found, "dense_class_token": token}


def self_correlation(features: BlockFeatures) -> Tensor:
    """
    The cosines of queries, keys and values in the last block but one, each with its own kind.

    Returns the mean over the three and the heads, float32, (N, T, T).
    """
    parts = features.query_key_value(-2)
    units = [F.normalize(part.float(), dim=-1) for part in parts]
    return torch.stack([(x @ x.mT).mean(dim=1) for x in units]).mean(dim=0)

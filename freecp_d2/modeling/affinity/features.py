"""FeatureAffinity: the cosines of the model's own patch features."""

from torch import Tensor

from ...d2 import CfgNode, ShapeSpec, configurable
from .build import AFFINITY_HEAD_REGISTRY, AffinityHead, balancing_options
from .encoder import check_options, cosine_affinity


@AFFINITY_HEAD_REGISTRY.register()
class FeatureAffinity(AffinityHead):
    """
    `cosine_affinity` of "patch_tokens": of the features that a wrapped model returns, as
    SAM3Segmentor does, or else of CLIP's tokens. It needs no encoder and no pass of its own.
    """

    @configurable
    def __init__(self, *, power: float = 1.0, **options: int):
        """`power`: see `cosine_affinity`; raises `ValueError` if it is 0 or less."""
        super().__init__(**options)
        check_options("MODEL.AFFINITY_HEAD.FEATURES", power=power)
        self.power = power

    @classmethod
    def from_config(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict:
        return {"power": cfg.MODEL.AFFINITY_HEAD.FEATURES.COSINE_POWER, **balancing_options(cfg)}

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """See `AffinityHead.affinity`; symmetric."""
        return cosine_affinity(features["patch_tokens"], self.power)

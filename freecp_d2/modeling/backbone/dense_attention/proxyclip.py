"""
ProxyCLIP (ECCV 2024): values of CLIP, attended by the similarity of patches in another encoder.

Shapes: N windows, h x w patches of CLIP, P' = h' * w' of the other encoder, C width, H heads.
"""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ....d2 import CfgNode, ShapeSpec, configurable
from .blocks import project_heads
from .build import DENSE_ATTENTION_REGISTRY, BlockFeatures, DenseAttention, Needs, TowerSpec
from .similarity import similarity_attention


def resize_values(values: Tensor, grid: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Bilinear resize of values (N, H, h * w, E) on `grid` to (N, H, h' * w', E) on `size`."""
    maps = values.float().transpose(2, 3).flatten(1, 2).unflatten(2, grid)
    resized = F.interpolate(maps, size, mode="bilinear", align_corners=False)
    return resized.flatten(2).unflatten(1, (values.shape[1], -1)).transpose(2, 3)


@DENSE_ATTENTION_REGISTRY.register()
class ProxyCLIP(DenseAttention):
    """
    No residual, no MLP and no class token. The patch tokens have the grid of the proxy.

    The proxy is an affinity head; its `similarity` is what the attention is made of. With a scope,
    patches attend to those of their own region only.
    """

    @configurable
    def __init__(
        self,
        *,
        proxy: nn.Module,
        scope: nn.Module | None = None,
        shift: float = 1.2,
        scale: float = 3.0,
    ):
        """
        Args:
            proxy: an `AffinityHead` that reads no attention of the backbone.
            scope: an `AffinityHead` with `regions`; None: the whole window.
            shift, scale: beta and gamma of `similarity_attention`.

        Raises:
            ValueError: the scale is not above 0, the proxy reads the backbone's attention, or the
                scope has no regions.
        """
        super().__init__()
        if scale <= 0:
            raise ValueError(f"MODEL.CLIP.PROXYCLIP.SCALE is {scale}; expected more than 0.")
        if proxy.attention_layers:
            raise ValueError(
                f'MODEL.CLIP.PROXYCLIP.PROXY="{type(proxy).__name__}" reads the attention of CLIP '
                "itself; use a head with an encoder of its own, such as DINOAffinity."
            )
        if scope is not None and not scope.has_regions:
            raise ValueError(
                f'MODEL.CLIP.PROXYCLIP.SCOPE="{type(scope).__name__}" has no masks; use '
                "MaskFormerAffinity, or SAMAffinity with MODEL.AFFINITY_HEAD.SAM.SOURCE masks."
            )
        self.proxy: Any = proxy  # AffinityHeads, which cannot be imported here
        self.scope: Any = scope
        self.shift, self.scale = shift, scale
        self.needs = Needs(tokens=(-1,), qkv=(-1,), images=True)

    @classmethod
    def from_config(cls, cfg: CfgNode, tower: TowerSpec) -> dict[str, Any]:
        # Here, because affinity heads import the backbones.
        from ...affinity import build_affinity_head

        node, own = cfg.MODEL.CLIP.PROXYCLIP, cfg.clone()
        own.defrost()
        shape = {
            "patch_tokens": ShapeSpec(channels=tower.width, stride=tower.patch_size),
            "attention": ShapeSpec(channels=tower.num_layers),
        }

        def build(name: str) -> nn.Module:
            own.MODEL.AFFINITY_HEAD.NAME = name
            return build_affinity_head(own, shape)

        return {
            "proxy": build(node.PROXY),
            "scope": build(node.SCOPE) if node.SCOPE else None,
            "shift": node.SHIFT,
            "scale": node.SCALE,
        }

    def forward(self, features: BlockFeatures) -> tuple[Tensor, tuple[int, int]]:
        x = features.tokens[-1]
        # A head may read patch tokens: those that enter the last block.
        tokens = features.project(x[:, 1:]).mT.unflatten(2, features.grid)
        similarity, grid = self.proxy.similarity(features.images, {"patch_tokens": tokens})
        _, _, values = features.query_key_value(-1)
        resized = resize_values(values[:, :, 1:], features.grid, grid)
        regions = None if self.scope is None else self.scope.regions(features.images, grid)
        attention = similarity_attention(
            similarity.float(), beta=self.shift, gamma=self.scale, regions=regions
        )
        heads = (attention[:, None] @ resized).to(x.dtype)
        return project_heads(features.blocks[-1], heads), grid

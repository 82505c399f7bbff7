"""
NACLIP (WACV 2025): k-k attention that prefers patches nearby.

Shapes: N windows, T = 1 + h * w tokens (class token first), H heads, E channels of a head.
"""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ....d2 import CfgNode, configurable
from .build import DENSE_ATTENTION_REGISTRY, TowerSpec
from .maskclip_sclip_clearclip import LastBlock

GAUSSIANS = ("add", "only", "none")
"""Values of MODEL.CLIP.NACLIP.GAUSSIAN."""


def gaussian_neighbourhood(grid: tuple[int, int], std: float, like: Tensor) -> Tensor:
    """
    exp(-d^2 / (2 std^2)) of patches at distance d, in patches: (T, T), dtype and device of `like`;
    0 in the row and the column of the class token.
    """
    h, w = grid
    rows, columns = (torch.arange(n, device=like.device, dtype=torch.float32) for n in grid)
    points = torch.stack([rows.repeat_interleave(w), columns.repeat(h)], dim=1)
    squares = (points[:, None] - points).square().sum(dim=2)
    return F.pad(torch.exp(squares / (-2 * std**2)), (1, 0, 1, 0)).to(like.dtype)


@DENSE_ATTENTION_REGISTRY.register()
class NACLIP(LastBlock):
    """softmax(k k^T / sqrt(E) + Gaussian of the distance) v, without residual and MLP."""

    PRESETS: ClassVar = {"freecp": (False, False), "original": (False, False)}

    @configurable
    def __init__(
        self,
        *,
        std: float = 5.0,
        gaussian: str = "add",
        residual: bool = False,
        mlp: bool = False,
    ):
        """
        Args:
            std: of the Gaussian, in patches.
            gaussian: "add" it to the logits; "only" it, scaled by the mean norms of q and k, in
                place of the logits (the authors' ablation); "none".
        """
        super().__init__(residual=residual, mlp=mlp)
        if std <= 0:
            raise ValueError(f"MODEL.CLIP.NACLIP.STD is {std}; expected more than 0 patches.")
        if gaussian not in GAUSSIANS:
            raise ValueError(
                f'MODEL.CLIP.NACLIP.GAUSSIAN="{gaussian}" is unknown; use one of {GAUSSIANS}.'
            )
        self.std, self.gaussian = std, gaussian

    @classmethod
    def from_config(cls, cfg: CfgNode, tower: TowerSpec) -> dict[str, Any]:
        node = cfg.MODEL.CLIP.NACLIP
        own = {"std": node.STD, "gaussian": node.GAUSSIAN}
        return {**super().from_config(cfg, tower), **own}

    def attend(self, q: Tensor, k: Tensor, v: Tensor, grid: tuple[int, int]) -> Tensor:
        if self.gaussian == "none":
            return F.scaled_dot_product_attention(k, k, v)
        omega = gaussian_neighbourhood(grid, self.std, k)
        if self.gaussian == "add":
            return F.scaled_dot_product_attention(k, k, v, attn_mask=omega)
        norms = q.norm(dim=-1).mean(dim=-1) * k.norm(dim=-1).mean(dim=-1)
        scale = norms.mean(dim=1) * q.shape[-1] ** -0.5  # one number a window
        return (scale.view(-1, 1, 1, 1) * omega).softmax(dim=-1) @ v

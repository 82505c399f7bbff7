"""
Your own affinity source: patches of similar colour that are near each other are affine.

    python train_net.py --eval-only --config examples/color_position.yaml \
        --import examples/color_position_affinity.py

It is the kernel of a bilateral filter, exp(-d^2 / 2), where d is the distance in colour and in
position, each divided by its scale. It has no weights, and uses only the grid of the backbone.

Shape shorthand: N windows of H x W pixels, h x w patches, P = h * w.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from freecp_d2 import AFFINITY_HEAD_REGISTRY, AffinityHead
from freecp_d2.d2 import CfgNode, ShapeSpec

COLOR_SCALE = 30.0  # of 255
POSITION_SCALE = 0.3  # of the window's longer side


@AFFINITY_HEAD_REGISTRY.register()
class ColorPositionAffinity(AffinityHead):
    """MODEL.AFFINITY_HEAD.NAME ColorPositionAffinity."""

    def __init__(self, cfg: CfgNode, input_shape: dict[str, ShapeSpec]):
        node = cfg.MODEL.AFFINITY_HEAD
        super().__init__(num_sinkhorn_steps=node.SINKHORN_STEPS, num_squarings=node.SQUARINGS)

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """RGB images in [0, 255], (N, 3, H, W) -> affinity of patches, (N, P, P)."""
        h, w = features["patch_tokens"].shape[-2:]
        colors = F.adaptive_avg_pool2d(images, (h, w)).flatten(2).mT / COLOR_SCALE
        rows = torch.arange(h, device=images.device) / max(h, w)
        columns = torch.arange(w, device=images.device) / max(h, w)
        positions = torch.cartesian_prod(rows, columns) / POSITION_SCALE
        points = torch.cat([colors, positions.expand(len(colors), -1, -1)], dim=2)
        return torch.exp(-0.5 * torch.cdist(points, points).square())

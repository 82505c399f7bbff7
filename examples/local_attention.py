"""
Your own base method: each patch attends to its neighbours alone.

    python train_net.py --eval-only --config examples/local_attention.yaml \
        --import examples/local_attention.py
"""

import torch
from torch import Tensor

from freecp_d2 import DENSE_ATTENTION_REGISTRY
from freecp_d2.modeling.backbone.dense_attention import LastBlock


@DENSE_ATTENTION_REGISTRY.register()
class LocalAttention(LastBlock):
    """MODEL.CLIP.DENSE_ATTENTION LocalAttention: the last block averages the values nearby."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor, grid: tuple[int, int]) -> Tensor:
        """Values (N, H, 1 + h * w, E), class token first -> their means over 3 x 3 patches."""
        image = v[:, :, 1:].mT.unflatten(3, grid).flatten(0, 1)
        mean = torch.nn.functional.avg_pool2d(
            image, 3, stride=1, padding=1, count_include_pad=False
        )
        patches = mean.flatten(2).mT.unflatten(0, v.shape[:2])
        return torch.cat([v[:, :, :1], patches], dim=2)

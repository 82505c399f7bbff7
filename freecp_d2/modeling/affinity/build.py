"""
The affinity heads: where the self-affinity of an image comes from (Tab. 5).

Shape shorthand in this module: N windows, h x w patches of the backbone's grid, P = h * w.
"""

from collections.abc import Collection

from torch import Tensor, nn

from ...d2 import CfgNode, Registry, ShapeSpec
from ...method import transition_matrix

AFFINITY_HEAD_REGISTRY = Registry("AFFINITY_HEAD")
AFFINITY_HEAD_REGISTRY.__doc__ = """
Registry for affinity heads, the sources of Eq. (2).

The registered object is called with `obj(cfg, input_shape)`, where `input_shape` is the backbone's
`output_shape()`, a dict[str, ShapeSpec]. It returns an `AffinityHead` or raises a ValueError that
says which head works with such a backbone.
"""


class AffinityHead(nn.Module):
    """
    Turns a batch of windows into transition matrices on the backbone's patch grid.

    A subclass implements `affinity`; balancing it (Sinkhorn, symmetry, squaring) is done here, so
    that every source enters Eq. (3) on the same footing.
    """

    attention_layers: Collection[int] = ()
    """Layers of the backbone whose attention the head reads; the backbone computes no others."""

    def __init__(self, *, num_sinkhorn_steps: int = 3, num_squarings: int = 1):
        """
        Args:
            num_sinkhorn_steps, num_squarings: see `method.transition_matrix`.

        Raises:
            ValueError: one of the two is negative.
        """
        super().__init__()
        if min(num_sinkhorn_steps, num_squarings) < 0:
            raise ValueError(
                f"MODEL.AFFINITY_HEAD.SINKHORN_STEPS and SQUARINGS are {num_sinkhorn_steps} and "
                f"{num_squarings}; use 0 or more."
            )
        self.num_sinkhorn_steps = num_sinkhorn_steps
        self.num_squarings = num_squarings

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """
        How much each patch has to do with each other patch.

        Args:
            images: normalised windows, shape (N, 3, H, W).
            features: what the backbone returned for them.

        Returns:
            Tensor: non-negative, no empty row or column, float32, shape (N, P, P); patches row by
            row.
        """
        raise NotImplementedError

    def forward(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """The transition matrices T of Eq. (3), shape (N, P, P)."""
        return transition_matrix(
            self.affinity(images, features),
            num_sinkhorn_steps=self.num_sinkhorn_steps,
            num_squarings=self.num_squarings,
        )


def build_affinity_head(cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> AffinityHead:
    """Build the head that `cfg.MODEL.AFFINITY_HEAD.NAME` names, for a backbone's outputs."""
    return AFFINITY_HEAD_REGISTRY.get(cfg.MODEL.AFFINITY_HEAD.NAME)(cfg, input_shape)

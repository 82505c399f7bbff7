"""
The affinity heads: where the self-affinity of an image comes from (Tab. 5).

Shape shorthand in this module: N windows, h x w patches of the backbone's grid, P = h * w.
"""

from collections.abc import Collection

from torch import Tensor, nn

from ...d2 import CfgNode, Registry, ShapeSpec
from ...method import transition_matrix
from ..precision import without_autocast

AFFINITY_HEAD_REGISTRY = Registry("AFFINITY_HEAD")
AFFINITY_HEAD_REGISTRY.__doc__ = """
Registry for affinity heads, the sources of Eq. (2).

The registered object is called with `obj(cfg, input_shape)` when the model is built and returns an
`AffinityHead`. `input_shape` is the backbone's `output_shape()`, a dict[str, ShapeSpec]:
"patch_tokens" is always there, with channels D and stride, the side of a patch in pixels;
"attention" only if the backbone has any, with channels = its number of layers. What cannot work is
refused here, with a ValueError that says which head works with such a backbone, or an ImportError
that names the extra to install; nothing may wait for the first image.

A head says in `attention_layers` which of the backbone's layers it reads. A forward of the model
then calls, for every batch of windows of one size, the backbone once and the head once, never once
for a class: `head(images, features)`.

    images      the windows as RGB pixels, float32 in [0, 255], shape (N, 3, H, W), sides multiples
                of the backbone's patch; a window at the border of a small image is padded on the
                right and below with the mean colour. Not normalised: every source does its own.
    features    "patch_tokens" (N, D, h, w), float32: (h, w) is the grid to answer on, h = H / patch
                and w = W / patch. "attention" (N, 1, 1 + P, 1 + P), float32, class token first: the
                mean over heads and over the layers asked for; absent if none were.

`affinity` returns (N, P, P), float32, patches row by row: entry (i, j) says how much patch j has to
do with patch i, 0 or more on any scale, every row and column with something in it. It need not be
symmetric or normalised. A source with another grid is brought to (h, w) by `resample` or
`resample_matrix`. `forward` balances it (`method.transition_matrix`): symmetric, rows and columns
sum to one up to Sinkhorn's remainder.

All tensors are on the model's device and the result stays there; the head is a submodule, so that
`.to` moves it. Everything runs under `no_grad`. MODEL.PRECISION is that of the backbone; a head may
run its own encoder in it and answers in float32.
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
            images: windows as RGB pixels, float32 in [0, 255], shape (N, 3, H, W).
            features: what the backbone returned for them; "patch_tokens" (N, D, h, w) and, if
                layers were asked for, "attention".

        Returns:
            Tensor: non-negative, no empty row or column, float32, shape (N, P, P); patches row by
            row.
        """
        raise NotImplementedError

    def forward(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        """The transition matrices T of Eq. (3), shape (N, P, P)."""
        return self._balance(self.affinity(images, features).float())

    @without_autocast
    def _balance(self, affinity: Tensor) -> Tensor:
        return transition_matrix(
            affinity, num_sinkhorn_steps=self.num_sinkhorn_steps, num_squarings=self.num_squarings
        )


def balancing_options(cfg: CfgNode) -> dict[str, int]:
    """The arguments of `AffinityHead` that are keys of the config."""
    node = cfg.MODEL.AFFINITY_HEAD
    return {"num_sinkhorn_steps": node.SINKHORN_STEPS, "num_squarings": node.SQUARINGS}


def build_affinity_head(
    cfg: CfgNode, input_shape: dict[str, ShapeSpec], *, weights: bool = True
) -> AffinityHead:
    """
    Build the head that `cfg.MODEL.AFFINITY_HEAD.NAME` names, for a backbone's outputs.

    Args:
        cfg: the config.
        input_shape: the backbone's `output_shape()`.
        weights: False: where the head has a method `without_weights(cfg, input_shape)`, use it: it
            finds the errors of the config cheaply, and the head cannot run.
    """
    builder = AFFINITY_HEAD_REGISTRY.get(cfg.MODEL.AFFINITY_HEAD.NAME)
    if not weights:
        builder = getattr(builder, "without_weights", builder)
    return builder(cfg, input_shape)

"""
PAMR, pixel-adaptive mask refinement (Araslanov and Roth, CVPR 2020): scores follow the colours.

Shapes: N images, C channels of scores, H, W pixels, S = 8 * len(dilations) neighbours of a pixel.
"""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..utils.device import without_autocast


@without_autocast
def pamr(
    scores: Tensor,
    images: Tensor,
    *,
    num_iterations: int = 10,
    dilations: Sequence[int] = (8, 16),
) -> Tensor:
    """
    Replace each pixel's scores by a mean over its neighbours of similar colour, repeatedly.

    The weights are a softmax over the neighbours n of -|I_n - I| / (0.1 std), averaged over the
    colours; std is that of the neighbourhood. A pixel itself has no weight. Scaling or shifting a
    colour of the image does not change them.

    Args:
        scores: shape (N, C, h, w), resized to (H, W) first (bilinear, corners aligned).
        images: the guide, float, shape (N, 3, H, W).
        num_iterations: 0 returns the resized scores.
        dilations: distances in pixels of the eight neighbours; the border is repeated.

    Returns:
        Tensor: shape (N, C, H, W), float32.
    """
    scores, images = scores.float(), images.float()
    size = (images.shape[2], images.shape[3])
    if scores.shape[2:] != size:
        scores = F.interpolate(scores, size=size, mode="bilinear", align_corners=True)
    weights = _weights(images, dilations).unbind(dim=1) if num_iterations else ()
    for _ in range(num_iterations):
        found = torch.zeros_like(scores)
        for weight, neighbour in zip(weights, _neighbours(scores, dilations), strict=True):
            found.addcmul_(weight, neighbour)
        scores = found
    return scores


class PAMR:
    """The last step of a segmentor: `pamr` of the scores of one image."""

    def __init__(self, *, num_iterations: int = 10, dilations: Sequence[int] = (8, 16)):
        """Raises `ValueError` for a negative number of iterations, or dilations below 1 or none."""
        if num_iterations < 0 or min(dilations, default=0) < 1:
            raise ValueError(
                f"TEST.PAMR.ITERATIONS is {num_iterations}, DILATIONS {list(dilations)}; expected "
                "0 or more iterations, and dilations of 1 pixel or more, such as [8, 16]."
            )
        self.num_iterations, self.dilations = num_iterations, tuple(dilations)

    def __call__(self, scores: Tensor, image: Tensor) -> Tensor:
        """Scores (C, H, W) and an image (3, H', W'), resized to (H, W) -> (C, H, W)."""
        if len(scores) == 0:
            return scores
        size = (scores.shape[1], scores.shape[2])
        guide = F.interpolate(image[None].float(), size, mode="bilinear", align_corners=False)
        num_iterations, dilations = self.num_iterations, self.dilations
        return pamr(scores[None], guide, num_iterations=num_iterations, dilations=dilations)[0]


def _weights(images: Tensor, dilations: Sequence[int]) -> Tensor:
    """Weights of the neighbours, (N, S, 1, H, W); they sum to one over S."""
    neighbours = torch.stack(list(_neighbours(images, dilations)), dim=1)
    centre = images[:, None]
    # The centre counts once for each dilation.
    around = torch.cat([neighbours, *[centre] * len(dilations)], dim=1)
    std = around.std(dim=1, keepdim=True)
    distance = (neighbours - centre).abs() / (1e-8 + 0.1 * std)
    return (-distance.mean(dim=2, keepdim=True)).softmax(dim=1)


def _neighbours(x: Tensor, dilations: Sequence[int]) -> Iterator[Tensor]:
    """Views of `x`, (N, C, H, W), shifted to each neighbour in turn."""
    height, width = x.shape[2:]
    margin = max(dilations)
    padded = F.pad(x, [margin] * 4, mode="replicate")
    for d in dilations:
        for down in (-d, 0, d):
            for right in (-d, 0, d):
                if down or right:
                    top, left = margin + down, margin + right
                    yield padded[:, :, top : top + height, left : left + width]

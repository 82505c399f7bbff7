"""
The positional embedding of a ViT or an attention pool, for windows of any size.

Shapes: h x w patches, g x g the native grid, C width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

INTERPOLATIONS = ("scale", "size_antialias")
"""
scale: bicubic, sampled with the factor (h + 0.1) / g, as DINO and the released FreeCP program do.
size_antialias: bicubic to the size (h, w) with antialiasing, as GEM does.
"""


def check_interpolation(interpolation: str) -> None:
    """Raise `ValueError` if it is not one of `INTERPOLATIONS`."""
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f'MODEL.CLIP.POSITIONAL_EMBEDDING="{interpolation}" is unknown; '
            f"use auto or one of {INTERPOLATIONS}."
        )


def resize_positional_embedding(
    embedding: Tensor, grid: tuple[int, int], interpolation: str
) -> Tensor:
    """(1 + g * g, C), class token first -> (1 + h * w, C); the native grid is left as it is."""
    native = round((embedding.shape[0] - 1) ** 0.5)
    if grid == (native, native):
        return embedding
    class_token, patches = embedding[:1], embedding[1:]
    # Bicubic weights in half precision would change every patch.
    image = patches.float().T.reshape(1, -1, native, native)
    if interpolation == "scale":
        # scale_factor, not size: the samples are spaced by the factor itself, as in the release.
        factors = [(side + 0.1) / native for side in grid]
        image = F.interpolate(image, scale_factor=factors, mode="bicubic", align_corners=False)
    else:
        image = F.interpolate(image, size=grid, mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([class_token, image.flatten(2)[0].T.to(patches.dtype)])

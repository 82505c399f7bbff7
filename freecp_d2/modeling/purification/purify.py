"""
`purify`: purification of class maps with an affinity, without a model of this package.

Shapes: N images, K classes, D embedding, h x w patches, P = h * w.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...method import min_max_normalise, transition_matrix
from ...utils.device import without_autocast
from .build import PurificationOutput
from .class_purification import ClassPurification
from .class_scores import as_maps, as_probabilities
from .crop_classifier import CropClassifier

_CROP_PIXELS = 8 * 384**2
"""Pixels of the crops in one forward, those of eight windows (Sec. 4.2)."""


@torch.no_grad()
@without_autocast
def purify(
    scores: Tensor,
    affinity: Tensor,
    *,
    kind: str,
    temperature: float = 1.0,
    image: Tensor | None = None,
    encode_image: Callable[[Tensor], Tensor] | None = None,
    class_features: Tensor | None = None,
    crop_size: int = 112,
    **options: Any,
) -> PurificationOutput:
    """
    Purify the class scores of any model: Eqs. (3) to (8).

    Args:
        scores: of the patches of one image or N, shape (K, h, w) or (N, K, h, w).
        affinity: of patches, row by row, 0 or more on any scale, no empty row or column, shape
            (P, P) or (N, P, P); balanced by `transition_matrix`.
        kind, temperature: what the scores are, "logits" or "probabilities", see
            `class_scores.as_probabilities`; sums over 1 are divided out.
        image: the image as `encode_image` wants it, whole patches: (3, p*h, p*w) or with N.
        encode_image: crops (B, 3, crop_size, crop_size) -> features (B, D), for instance
            `CLIPViT.encode_image`.
        class_features: description feature of each class, shape (K, D). Image, encoder and features
            come together; without them AP leaves its groups undecided.
        crop_size: side in pixels to which boxes of Eq. (8) are resized.
        options: `redundancy_thresh`, `ambiguity_thresh` and more, see `ClassPurification`.

    Returns:
        PurificationOutput: N = 1 for one image. `gating.gates` and `gate_scores` apply its
        decisions to the model's own scores.

    Raises:
        TypeError: scores or affinity that are no tensors.
        ValueError: shapes that do not fit, values out of range, a part of Eq. (8) missing.
    """
    for name, value in (("scores", scores), ("affinity", affinity)):
        if not isinstance(value, Tensor):
            raise TypeError(f"{name}: got {type(value).__name__}, expected a tensor.")
    head = ClassPurification(**options)
    maps = _read_maps(scores, kind, temperature)
    transition = transition_matrix(_read_affinity(affinity, maps))
    classify = _read_classifier(maps, image, encode_image, class_features, crop_size)
    return head(maps, min_max_normalise(maps), transition, classify)


def _read_maps(scores: Tensor, kind: str, temperature: float) -> Tensor:
    """Class maps (N, K, h, w)."""
    if scores.ndim not in (3, 4) or 0 in scores.shape:
        raise ValueError(
            f"Scores have shape {tuple(scores.shape)}, expected (K, h, w), or (N, K, h, w) for N "
            "images of one size."
        )
    maps = as_maps(as_probabilities(scores, kind, temperature))
    return maps if maps.ndim == 4 else maps[None]


def _read_affinity(affinity: Tensor, maps: Tensor) -> Tensor:
    """Float32 and checked, (N, P, P)."""
    (num_images, _, h, w), shape = maps.shape, tuple(affinity.shape)
    expected = (num_images, h * w, h * w)
    if shape != expected and not (shape == expected[1:] and num_images == 1):
        raise ValueError(
            f"The affinity has shape {shape}, the scores have h x w = {h} x {w} = {h * w} patches: "
            f"expected {expected if num_images > 1 else expected[1:]}; pool the scores "
            "(torch.nn.functional.adaptive_avg_pool2d) or resample the affinity "
            "(freecp_d2.modeling.resampling.resample_matrix)."
        )
    affinity = affinity.to(maps).view(expected)
    if not affinity.isfinite().all() or (affinity < 0).any():
        raise ValueError(
            "The affinity has negative, NaN or infinite entries; expected 0 or more (of cosines, "
            "for instance, clamp(min=0))."
        )
    if (affinity.sum(dim=-1) == 0).any() or (affinity.sum(dim=-2) == 0).any():
        raise ValueError(
            "The affinity has an empty row or column, a patch without affinity even to itself; add "
            "a small number to its diagonal."
        )
    return affinity


def _read_classifier(
    maps: Tensor,
    image: Tensor | None,
    encode_image: Callable[[Tensor], Tensor] | None,
    class_features: Tensor | None,
    crop_size: int,
) -> CropClassifier | None:
    """The classifier of Eq. (8); None if none of its parts is given."""
    if image is None and encode_image is None and class_features is None:
        return None
    if image is None or encode_image is None or class_features is None:
        raise ValueError(
            "Eq. (8) needs image, encode_image and class_features together; give all, or none to "
            "leave ambiguity groups undecided."
        )
    num_images, num_classes, h, w = maps.shape
    if class_features.ndim != 2 or len(class_features) != num_classes:
        raise ValueError(
            f"class_features has shape {tuple(class_features.shape)}, expected ({num_classes}, D), "
            "one row a class."
        )
    if crop_size < 1:
        raise ValueError(f"crop_size is {crop_size}; use 1 pixel or more.")
    image = image if image.ndim == 4 else image[None]
    patch = image.shape[-1] // w
    if patch < 1 or tuple(image.shape) != (num_images, 3, patch * h, patch * w):
        raise ValueError(
            f"image has shape {tuple(image.shape)}, expected ({num_images}, 3, p * {h}, p * {w}) "
            "with patches of p x p pixels; resize it to whole patches."
        )
    return CropClassifier(
        image.to(maps.device),
        encode_image,
        class_features.to(maps.device),
        patch_size=patch,
        crop_size=crop_size,
        batch_size=max(1, _CROP_PIXELS // crop_size**2),
    )

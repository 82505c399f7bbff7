"""The inputs of a model, checked: Detectron2's list of dicts."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


def read_images(batched_inputs: Sequence[Mapping[str, Any]]) -> list[Tensor]:
    """
    Args:
        batched_inputs: one dict an image; "image" has shape (3, H, W).

    Returns:
        list[Tensor]: the images as they are.

    Raises:
        ValueError: an image is missing, of another type or shape, or the wanted size is empty.
    """
    if isinstance(batched_inputs, Mapping):
        raise ValueError("The model takes a list of dicts, one an image; got one dict.")
    images = []
    for i, item in enumerate(batched_inputs):
        image = item.get("image")
        if not isinstance(image, Tensor):
            raise ValueError(
                f'Input {i}: "image" is {type(image).__name__}, expected a tensor of shape '
                "(3, H, W); torch.as_tensor(array).permute(2, 0, 1) makes one of (H, W, 3)."
            )
        if image.ndim != 3 or image.shape[0] != 3 or 0 in image.shape:
            raise ValueError(
                f'Input {i}: "image" has shape {tuple(image.shape)}, expected (3, H, W).'
            )
        if image.is_floating_point() and not torch.isfinite(image).all():
            raise ValueError(f'Input {i}: "image" has NaN or infinity.')
        size = (item.get("height", 1), item.get("width", 1))
        if min(size) < 1:
            raise ValueError(
                f"Input {i}: height and width of the result are {size}; use 1 or more."
            )
        images.append(image)
    return images

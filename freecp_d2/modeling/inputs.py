"""Checks of a model's inputs, Detectron2's list of dicts, and the normalisation of pixels."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn


def read_images(batched_inputs: Sequence[Mapping[str, Any]]) -> list[Tensor]:
    """
    The tensor "image", shape (3, H, W), of each dict, as it is.

    Raises `ValueError` if one is missing, of another type or shape or not finite, or if the size of
    the result is not positive.
    """
    if not isinstance(batched_inputs, Sequence):
        raise ValueError(
            f"The model takes a list of dicts, one an image; got {type(batched_inputs).__name__}."
        )
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


def output_size(x: Mapping[str, Any], size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of the result of an input; by default `size`, that of the network."""
    return (x.get("height") or size[0], x.get("width") or size[1])


def read_candidates(
    batched_inputs: Sequence[Mapping[str, Any]], num_outputs: int, first: int
) -> Tensor:
    """
    The classes that the oracle of Tab. 1 allows in each image, bool, shape (images, K).

    Args:
        batched_inputs: one dict an image; "classes" lists channels of the output.
        num_outputs: channels of the output.
        first: the first channel of a class; one before it is the background, always allowed.
    """
    candidates = torch.zeros(len(batched_inputs), num_outputs, dtype=torch.bool)
    for i, item in enumerate(batched_inputs):
        if item.get("classes") is None:
            raise ValueError(
                f'Input {i} has no "classes", the indices of its classes, which the oracle needs; '
                "map the dataset with FreeCPDatasetMapper(cfg), or set "
                "MODEL.PURIFICATION_HEAD.ORACLE to False."
            )
        indices = torch.as_tensor(item["classes"]).flatten()
        if len(indices) and (
            indices.is_floating_point()
            or indices.dtype == torch.bool
            or not 0 <= int(indices.min()) <= int(indices.max()) < num_outputs
        ):
            raise ValueError(
                f'Input {i}: "classes" is {item["classes"]}; expected indices in '
                f"0..{num_outputs - 1}, the channels of the output."
            )
        candidates[i, indices.long()] = True
    return candidates[:, first:]


class PixelNormalisation(nn.Module):
    """
    Subtract an encoder's own mean and divide by its deviation, both RGB in [0, 255].

    The input is "RGB" or "BGR", the output RGB; another `input_format` raises `ValueError`, and so
    does a model that has been cast to another type than float32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], input_format: str):
        super().__init__()
        if input_format not in ("RGB", "BGR"):
            raise ValueError(f'INPUT.FORMAT="{input_format}" is not supported; use RGB or BGR.')
        self.input_format = input_format
        for name, value in (("mean", mean), ("std", std)):
            own = torch.tensor(value, dtype=torch.float32).view(3, 1, 1)
            self.register_buffer(name, own, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Pixels in [0, 255], (..., 3, H, W), any dtype and device -> normalised, float32."""
        if self.mean.dtype != torch.float32:
            raise ValueError(
                f"The model was cast to {self.mean.dtype} as a whole, as by .half(); equations and "
                "norms need float32. Build it with MODEL.PRECISION fp16 or bf16, which casts CLIP."
            )
        if image.dtype != torch.uint8:  # bytes are converted on the device, after the copy
            image = image.float()
        # From a loader's pinned memory the copy overlaps with computing.
        image = image.to(self.mean.device, non_blocking=self.mean.is_cuda).float()
        if self.input_format == "BGR":
            image = image.flip(-3)
        return (image - self.mean) / self.std

    def undo(self, images: Tensor) -> Tensor:
        """Normalised images, (..., 3, H, W) -> RGB in [0, 255]; padding becomes the mean."""
        return images * self.std + self.mean

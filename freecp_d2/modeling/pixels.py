"""Normalisation of pixels by an encoder's own mean and deviation, and its inverse."""

import torch
from torch import Tensor, nn


class PixelNormalisation(nn.Module):
    """
    Subtract an encoder's own mean and divide by its deviation, both RGB in [0, 255].

    The input is "RGB" or "BGR", the output RGB; another `input_format` raises `ValueError`.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], input_format: str):
        super().__init__()
        if input_format not in ("RGB", "BGR"):
            raise ValueError(f'INPUT.FORMAT="{input_format}" is not supported; use RGB or BGR.')
        self.input_format = input_format
        for name, value in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(value).view(3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Pixels in [0, 255], (..., 3, H, W), any dtype and device -> normalised, float32."""
        image = image.to(self.mean.device, torch.float32)
        if self.input_format == "BGR":
            image = image.flip(-3)
        return (image - self.mean) / self.std

    def undo(self, images: Tensor) -> Tensor:
        """Normalised images, (..., 3, H, W) -> RGB in [0, 255]; padding becomes the mean."""
        return images * self.std + self.mean

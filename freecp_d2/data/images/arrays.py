"""Arrays and tensors as uint8 RGB images. H, W pixels, C bands."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from .bit_depth import find_scale
from .options import Reading, choose_bands

Channels = Literal["RGB", "BGR"]


def from_tensor(
    image: Tensor, channels: Channels | None = None, reading: Reading | None = None
) -> np.ndarray:
    """As `from_array`, of a tensor (C, H, W)."""
    is_chosen = channels is None and reading is not None and reading.bands
    if image.ndim != 3 or (image.shape[0] not in (1, 3) and not is_chosen):
        raise ValueError(
            f"got a tensor of shape {tuple(image.shape)}, expected (3, H, W) or (1, H, W)"
            f"{_advice_for_tensor(tuple(image.shape))}."
        )
    if image.is_floating_point():
        image = image.to(torch.float32)  # NumPy has no bfloat16
    return from_array(image.detach().cpu().permute(1, 2, 0).numpy(), channels, reading)


def from_array(
    image: np.ndarray, channels: Channels | None = None, reading: Reading | None = None
) -> np.ndarray:
    """
    Convert an array (H, W, C) or (H, W), 0 to 255, to uint8 RGB (H, W, 3).

    Args:
        channels: the order of three channels. Without it, the bands of `reading` are chosen, and
            scaled by its range of values.

    Raises:
        ValueError: another shape, values out of range, or colours without `channels`.
    """
    image = np.asarray(image)  # a matrix keeps two dimensions
    if channels is None and reading is not None and reading.bands and image.ndim == 3:
        image, channels = choose_bands(image, reading.bands), "RGB"
        image = find_scale(image, 8 * image.dtype.itemsize, reading)(image).values
    shape = image.shape
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.shape[2] not in (1, 3) or 0 in image.shape:
        raise ValueError(
            f"got an array of shape {shape}, expected (H, W, 3) or (H, W), no side empty"
            f"{_advice(shape)}."
        )
    if image.shape[2] == 3 and channels is None:
        raise ValueError(
            "got colours in an unknown order; add channels='RGB', or channels='BGR' for images "
            "that OpenCV has read."
        )
    image = _as_bytes(image)
    if image.shape[2] == 1:
        image = image.repeat(3, axis=2)
    return np.array(image[:, :, ::-1] if channels == "BGR" else image, order="C")


def _advice(shape: tuple[int, ...]) -> str:
    if 0 in shape:
        return ""
    if len(shape) == 3 and shape[2] == 4:
        return "; drop transparency with image[..., :3]"
    if len(shape) == 3 and shape[0] in (1, 3):
        return "; put the colours last with image.transpose(1, 2, 0)"
    return "; take one image of a batch with image[0]" if len(shape) == 4 else ""


def _advice_for_tensor(shape: tuple[int, ...]) -> str:
    if 0 in shape:
        return ""
    if len(shape) == 2:
        return "; add the dimension of grey with image[None]"
    if len(shape) == 4:
        return "; give the list of its images, list(batch), or one of them, batch[0]"
    if len(shape) == 3 and shape[2] in (1, 3, 4):
        return "; put the colours first with image.permute(2, 0, 1)"
    if len(shape) == 3 and shape[0] == 4:
        return "; drop transparency with image[:3], or choose bands"
    return "; choose bands with bands=(1, 2, 3)" if len(shape) == 3 else ""


def _as_bytes(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    if not np.issubdtype(image.dtype, np.number) or np.iscomplexobj(image):
        raise ValueError(f"got {image.dtype}, expected numbers from 0 to 255.")
    if np.issubdtype(image.dtype, np.floating) and (missing := int(np.isnan(image).sum())):
        raise ValueError(
            f"got {image.dtype} with NaN in {missing} of {image.size} values, expected 0 to 255; "
            "replace them, for example with nan_to_num."
        )
    low, high = float(image.min()), float(image.max())
    got = f"got {image.dtype} from {low:g} to {high:g}"
    if not (low >= 0 and high <= 255):
        raise ValueError(f"{got}, expected 0 to 255; scale the values.")
    if np.issubdtype(image.dtype, np.floating) and 0 < high <= 1:
        raise ValueError(f"{got}, which is black on a scale of 0 to 255; multiply by 255.")
    return np.floor(image.astype(np.float64) + 0.5).clip(0, 255).astype(np.uint8)

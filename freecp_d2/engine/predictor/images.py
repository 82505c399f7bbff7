"""
Whatever holds an image, as an upright RGB array.

Shape shorthand in this module: H, W pixels.
"""

import os
import struct
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ...data.mapper import wide_grey

__all__ = ["Channels", "ImageLike", "as_image", "read_image"]

ImageLike = str | Path | Image.Image | np.ndarray | Tensor
Channels = Literal["RGB", "BGR"]


def read_image(path: str | Path) -> np.ndarray:
    """
    Read an image file: turned upright as its EXIF data say, grey, palette, CMYK and 16 bits
    converted, transparency ignored; of an animation the first frame.

    Returns:
        np.ndarray: uint8 RGB, shape (H, W, 3).

    Raises:
        FileNotFoundError: there is no such file, or it is a folder.
        ValueError: it cannot be decoded; the message names the file and the reason.
    """
    if os.path.isdir(path):
        raise FileNotFoundError(f"{path} is a folder, expected an image file; name the file.")
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: no such file; correct the path.")
    try:
        with Image.open(path) as image:
            # First of all: Pillow reads EXIF data of a broken PNG by loading it, and a second load
            # gives what is there; a TIFF it turns itself while it loads.
            image.load()
            return _from_pillow(_upright(image))
    except Exception as error:  # what broken bytes make Pillow's readers raise is of any kind
        raise ValueError(
            f"{path}: cannot be decoded ({str(error) or type(error).__name__}); expected a "
            "complete image file, get it again."
        ) from error


def as_image(image: ImageLike, channels: Channels | None = None) -> np.ndarray:
    """
    Args:
        image: a path; a Pillow image; a NumPy array (H, W, 3), (H, W, 1) or (H, W); a tensor
            (3, H, W) or (1, H, W). Values from 0 to 255, of any type of number; floats are rounded.
        channels: "RGB" or "BGR", how the colours of an array or tensor are ordered (OpenCV reads
            BGR); files and Pillow images know theirs.

    Returns:
        np.ndarray: uint8 RGB, shape (H, W, 3).

    Raises:
        FileNotFoundError, ValueError: of a path, see `read_image`.
        ValueError: another shape, values out of range, or an order of colours that was not said.
        TypeError: no image at all.
    """
    if channels not in (None, "RGB", "BGR"):
        raise ValueError(f'channels is {channels!r}; use "RGB" or "BGR".')
    if isinstance(image, (str, Path)):
        return read_image(image)
    if isinstance(image, Image.Image):
        return _from_pillow(_upright(image))
    if isinstance(image, Tensor):
        if image.ndim != 3 or image.shape[0] not in (1, 3):
            raise ValueError(
                f"got a tensor of shape {tuple(image.shape)}, expected (3, H, W) or (1, H, W); "
                "permute(2, 0, 1) makes one of (H, W, 3)."
            )
        image = image.detach().cpu().permute(1, 2, 0).to(_number_type(image)).numpy()
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"got {type(image).__name__}, expected a path, a Pillow image, a NumPy array or a "
            "tensor."
        )
    return _from_array(image, channels)


def _from_pillow(image: Image.Image) -> np.ndarray:
    grey = _bytes_of_wide(image)
    return np.asarray(image.convert("RGB")) if grey is None else _from_array(grey, None)


def _upright(image: Image.Image) -> Image.Image:
    """As its EXIF data ask; unreadable ones ask nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, TypeError, ValueError, KeyError, struct.error):
        return image


def _bytes_of_wide(image: Image.Image) -> np.ndarray | None:
    """Grey of more than 8 bits as uint8, (H, W), which Pillow's conversion would clip; or None."""
    if image.mode == "F":
        values = np.asarray(image)
        low, high = float(values.min()), float(values.max())
        if not 0 <= low <= high <= 255:
            raise ValueError(f"floats from {low:g} to {high:g}, expected 0 to 1 or 0 to 255")
        return np.floor(values * (255 if high <= 1 else 1) + 0.5).astype(np.uint8)
    if image.mode == "I" and np.asarray(image).max() <= 255:  # 32 bits, of which 8 are used
        return np.asarray(image).clip(0, 255).astype(np.uint8)
    return wide_grey(image)


def _number_type(image: Tensor) -> torch.dtype:
    """NumPy has no bfloat16."""
    return torch.float32 if image.is_floating_point() else image.dtype


def _advice(shape: tuple[int, ...]) -> str:
    """How to make an image of an array of that shape; "" where that cannot be told."""
    if 0 in shape:
        return ""
    if len(shape) == 3 and shape[2] == 4:
        return "; drop transparency with image[..., :3]"
    if len(shape) == 3 and shape[0] in (1, 3):
        return "; put the colours last with image.transpose(1, 2, 0)"
    if len(shape) == 4:
        return "; take one image of a batch with image[0]"
    return ""


def _from_array(image: np.ndarray, channels: Channels | None) -> np.ndarray:
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
            "got colours whose order was not said; add channels='RGB', or channels='BGR' for "
            "images that OpenCV has read."
        )
    image = _as_bytes(image)
    if image.shape[2] == 1:
        image = image.repeat(3, axis=2)
    return np.array(image[:, :, ::-1] if channels == "BGR" else image, order="C")


def _as_bytes(image: np.ndarray) -> np.ndarray:
    """Values of any type as uint8."""
    if image.dtype == np.uint8:
        return image
    if not np.issubdtype(image.dtype, np.number) or np.iscomplexobj(image):
        raise ValueError(f"got {image.dtype}, expected numbers from 0 to 255.")
    low, high = float(image.min()), float(image.max())
    if not (low >= 0 and high <= 255):
        raise ValueError(
            f"got {image.dtype} from {low:g} to {high:g}, expected 0 to 255; scale the values."
        )
    if np.issubdtype(image.dtype, np.floating) and 0 < high <= 1:
        raise ValueError(
            f"got {image.dtype} up to {high:g}, which is black on a scale of 0 to 255; multiply "
            "by 255."
        )
    return np.floor(image.astype(np.float64) + 0.5).clip(0, 255).astype(np.uint8)

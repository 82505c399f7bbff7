"""
Reading images, and checking them against their record.

Counterpart of `detectron2/data/detection_utils.py`. Leaves out: YUV images, and boxes, masks,
keypoints and proposals.
"""

from __future__ import annotations

import logging
import struct
from typing import Any

import numpy as np
from PIL import Image

from ..config import CfgNode
from ..utils.develop import needs_detectron2
from ..utils.file_io import PathManager
from . import transforms as T

__all__ = ["SizeMismatchError", "build_augmentation", "check_image_size", "read_image"]

logger = logging.getLogger(__name__)

# The Orientation tag and how to undo it: https://www.exiv2.org/tags.html
_EXIF_ORIENTATION = 274
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class SizeMismatchError(ValueError):
    """An image has another size than its record says."""


def _apply_exif_orientation(image: Image.Image) -> Image.Image:
    """Turn a photograph upright, as its EXIF data ask; unreadable EXIF data ask nothing."""
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION)
    except (OSError, SyntaxError, TypeError, ValueError, struct.error) as error:
        logger.warning("Ignoring EXIF data that cannot be read: %s", error)
        return image
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


def convert_pil_to_numpy(image: Image.Image, format: str | None) -> np.ndarray:
    """
    An image of Pillow's as an array.

    Args:
        image: any image.
        format: a mode of Pillow, "BGR", or None for the mode it has.

    Returns:
        ndarray: (H, W, C), uint8 for "RGB", "BGR" and "L" (C = 1).
    """
    if format == "YUV-BT.601":
        raise needs_detectron2("The image format YUV-BT.601")
    if format is not None:
        image = image.convert("RGB" if format == "BGR" else format)
    pixels = np.asarray(image)
    if format == "BGR":
        return pixels[:, :, ::-1]
    return pixels[:, :, None] if format == "L" else pixels


def read_image(file_name: str, format: str | None = None) -> np.ndarray:
    """
    Read an image file, upright.

    Args:
        file_name: path, or URL that iopath can open.
        format: "RGB", "BGR", "L" or another mode of Pillow; None keeps the file's mode. "L" turns a
            palette into grey values, so read label maps with a palette with None.

    Returns:
        ndarray: shape (H, W, C), or (H, W) for None and a file with one channel.
    """
    with PathManager.open(file_name, "rb") as file:
        return convert_pil_to_numpy(_apply_exif_orientation(Image.open(file)), format)


def check_image_size(dataset_dict: dict[str, Any], image: np.ndarray) -> None:
    """
    Compare an image with the size in its record, and fill that in where missing.

    Args:
        dataset_dict: a record; "width" and "height" are there afterwards.
        image: shape (H, W, ...).

    Raises:
        SizeMismatchError: the sizes differ.
    """
    got = (image.shape[1], image.shape[0])
    expected = (dataset_dict.get("width", got[0]), dataset_dict.get("height", got[1]))
    if got != expected:
        name = dataset_dict.get("file_name", "an array")
        raise SizeMismatchError(
            f"Mismatched image shape for image {name}, got {got}, expect {expected}. "
            "Please check the width/height in your annotation."
        )
    dataset_dict["width"], dataset_dict["height"] = expected


def build_augmentation(cfg: CfgNode, is_train: bool) -> list[T.Augmentation]:
    """
    The resizing that a config asks for.

    Args:
        cfg: INPUT.MIN_SIZE_TEST and INPUT.MAX_SIZE_TEST are read.
        is_train: True needs Detectron2.
    """
    if is_train:
        raise needs_detectron2("build_augmentation(cfg, is_train=True)")
    return [T.ResizeShortestEdge([cfg.INPUT.MIN_SIZE_TEST], cfg.INPUT.MAX_SIZE_TEST, "choice")]

"""
Reading images and checking their sizes.

Counterpart of `detectron2/data/detection_utils.py`. Leaves out: YUV images, and boxes, masks,
keypoints and proposals.
"""

import logging
import struct
from typing import Any

import numpy as np
from PIL import Image

from ...utils.image_formats import open_image
from ..config import CfgNode
from ..utils import needs_detectron2
from ..utils.file_io import PathManager
from . import transforms as T

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
    """Apply the orientation in the EXIF data; unreadable EXIF data are ignored."""
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION)
    except (OSError, SyntaxError, TypeError, ValueError, struct.error) as error:
        logger.warning("Ignoring EXIF data that cannot be read: %s", error)
        return image
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


def convert_pil_to_numpy(image: Image.Image, format: str | None) -> np.ndarray:
    """An image as an array, as `read_image` returns it."""
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
        file_name: a path, or a URL that iopath can open.
        format: "RGB", "BGR", "L" or another mode of Pillow; None: the file's. Read label maps with
            a palette with None: "L" converts it to grey values.

    Returns:
        ndarray: shape (H, W, C), or (H, W) for None and a file with one channel.
    """
    with PathManager.open(file_name, "rb") as file:
        return convert_pil_to_numpy(_apply_exif_orientation(open_image(file)), format)


def check_image_size(dataset_dict: dict[str, Any], image: np.ndarray) -> None:
    """Add "width" and "height" to a record; SizeMismatchError if it has others."""
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
    """The resizing by INPUT.MIN_SIZE_TEST and INPUT.MAX_SIZE_TEST; training needs Detectron2."""
    if is_train:
        raise needs_detectron2("build_augmentation(cfg, is_train=True)")
    return [T.ResizeShortestEdge([cfg.INPUT.MIN_SIZE_TEST], cfg.INPUT.MAX_SIZE_TEST, "choice")]

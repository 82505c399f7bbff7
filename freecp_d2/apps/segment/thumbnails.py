"""
Small images for a page: as large as their number allows.

Shape shorthand in this module: H, W pixels.
"""

import math
from pathlib import Path

import cv2
import numpy as np

from .video_files import open_video

__all__ = ["middle_frame", "thumbnail_side", "thumbnail_size"]

_BUDGET = 30e6  # bytes of all thumbnails together, about
_BYTES_A_PIXEL = 0.33  # of a JPEG in base64
_SIDES = (256, 960)  # the smallest and largest longest side
_LEAST_SIDE = 8


def thumbnail_side(num_images: int) -> int:
    """Longest side in pixels at which so many images, two each, are as large as is allowed."""
    pixels = _BUDGET / (2 * max(1, num_images)) / _BYTES_A_PIXEL
    low, high = _SIDES
    return int(min(high, max(low, math.sqrt(pixels / 0.75))))


def thumbnail_size(size: tuple[int, ...], side: int) -> tuple[int, int]:
    """No larger than `side`, no narrower than can be seen; small images grow to half of it."""
    height, width = size[:2]
    longest = max(height, width)
    scale = min(side, max(longest, side // 2)) / longest
    return max(8, round(height * scale)), max(8, round(width * scale))


def middle_frame(path: Path) -> np.ndarray:
    """uint8 RGB (H, W, 3); the first where the middle cannot be reached."""
    capture, info = open_video(path)
    try:
        for position in (info.num_frames // 2, 0):
            capture.set(cv2.CAP_PROP_POS_FRAMES, position)
            is_read, frame = capture.read()
            if is_read:
                return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    finally:
        capture.release()
    raise ValueError(f"{path}: no frame can be read")

"""
Label maps as images: flat class colours over a little of the image's light.

Shape shorthand in this module: H, W pixels, K classes.
"""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from .records import PageImage

RGB = tuple[int, int, int]
NO_LABEL: RGB = (128, 128, 128)

_LIGHT = 0.35
"""How much darker a class colour is where the image is black: 0 is flat, 1 is black."""


def overlay(
    image: np.ndarray, labels: np.ndarray, colors: Sequence[RGB], light: float = _LIGHT
) -> np.ndarray:
    """
    Colour each pixel by its class, darker where the image is dark.

    A pixel is `color * (1 - light * (1 - luminance))`: white leaves the colour as it is.

    Args:
        image: uint8 RGB (H, W, 3).
        labels: integers (H, W); others than 0..K-1 become grey.
        colors: K colours, 0 to 255.

    Returns:
        np.ndarray: uint8 (H, W, 3).
    """
    table = np.array([*colors, NO_LABEL], dtype=np.float64)
    known = (labels >= 0) & (labels < len(colors))
    flat = table[np.where(known, labels, len(colors)).astype(np.int64)]
    luminance = image @ np.array([0.299, 0.587, 0.114]) / 255
    shaded = flat * (1 - light * (1 - luminance))[..., None]
    return np.floor(shaded + 0.5).astype(np.uint8)


def data_uri(image: np.ndarray) -> str:
    """A uint8 RGB image (H, W, 3) as a PNG that stands in the page itself."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def photograph_uri(image: np.ndarray, quality: int = 82) -> str:
    """A uint8 RGB image (H, W, 3) as a JPEG that stands in the page itself."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def limited(array: np.ndarray, longest_side: int) -> np.ndarray:
    """
    The same image, no larger than asked.

    Args:
        array: a uint8 RGB image (H, W, 3), averaged, or integer labels (H, W), picked.
        longest_side: of the result, in pixels; smaller images stay as they are.
    """
    height, width = array.shape[:2]
    scale = longest_side / max(height, width)
    if scale >= 1:
        return array
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if array.ndim == 3:
        return np.asarray(Image.fromarray(array).resize(size, Image.Resampling.LANCZOS))
    rows = ((np.arange(size[1]) + 0.5) * height / size[1]).astype(np.int64)
    columns = ((np.arange(size[0]) + 0.5) * width / size[0]).astype(np.int64)
    return array[rows[:, None], columns]


def pixel_accuracy(labels: np.ndarray, truth: np.ndarray, num_classes: int) -> float | None:
    """Percent of the truly labelled pixels that are right; None where none is labelled."""
    scored = (truth >= 0) & (truth < num_classes)
    return 100 * float((labels == truth)[scored].mean()) if scored.any() else None


def class_shares(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Share of the pixels that each class has, (K,), 0 to 1."""
    known = labels[(labels >= 0) & (labels < num_classes)].astype(np.int64)
    return np.bincount(known, minlength=num_classes) / labels.size


def visible_classes(picture: PageImage, num_classes: int) -> tuple[list[int], list[int]]:
    """
    Returns:
        tuple: the classes of the truth, and those that only the maps have; largest share first.
        All are of the first kind where the truth is not known.
    """
    labels = [map_.labels for map_ in picture.maps]
    labels += [] if picture.truth is None else [picture.truth]
    shares = [class_shares(found, num_classes) for found in labels]
    largest = np.max([np.zeros(num_classes), *shares], axis=0)
    order = [int(k) for k in np.argsort(-largest, kind="stable") if largest[k] > 0]
    is_true = largest > 0 if picture.truth is None else shares[-1] > 0
    return [k for k in order if is_true[k]], [k for k in order if not is_true[k]]

"""Images and label maps as a page embeds them, and numbers about label maps."""

import base64
import io

import numpy as np
from PIL import Image

from ..overlay import fitted_size, resize_labels
from .page_content import PageImage


def data_uri(image: np.ndarray, format: str = "PNG", **options: int) -> str:
    """A uint8 RGB image (H, W, 3) as a data URI; `options` are Pillow's for the format."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format=format, **options)
    content = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:image/{format.lower()};base64,{content}"


def limited(array: np.ndarray, longest_side: int) -> np.ndarray:
    """
    Shrink to a longest side in pixels; smaller arrays are returned as they are.

    Images, uint8 (H, W, 3), are antialiased; of labels (H, W), the nearest neighbour is taken.
    """
    if max(array.shape[:2]) <= longest_side:
        return array
    height, width = fitted_size(array.shape, 0, longest_side)
    if array.ndim == 2:
        return resize_labels(array, (height, width))
    return np.asarray(Image.fromarray(array).resize((width, height), Image.Resampling.LANCZOS))


def pixel_accuracy(labels: np.ndarray, truth: np.ndarray, num_classes: int) -> float | None:
    """Percent of the pixels of known classes that are right; None if there are none."""
    scored = (truth >= 0) & (truth < num_classes)
    return 100 * float((labels == truth)[scored].mean()) if scored.any() else None


def class_shares(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Share of the pixels of each class, (K,), 0 to 1."""
    known = labels[(labels >= 0) & (labels < num_classes)].astype(np.int64)
    return np.bincount(known, minlength=num_classes) / labels.size


def visible_classes(image: PageImage, num_classes: int) -> tuple[list[int], list[int]]:
    """Classes of the truth, and classes that only the maps have; largest share first."""
    true = class_shares(image.truth, num_classes)
    largest = np.max([true, *(class_shares(m.labels, num_classes) for m in image.maps)], axis=0)
    order = [int(k) for k in np.argsort(-largest, kind="stable") if largest[k] > 0]
    return [k for k in order if true[k] > 0], [k for k in order if true[k] == 0]

"""
Label maps as label files of YOLO's segmentation, a line `class x1 y1 x2 y2 ...` for each polygon.

YOLO takes each line for an instance. Here it is a connected region of a class.
Format: https://docs.ultralytics.com/datasets/segment/
"""

from collections.abc import Sequence

import numpy as np
import yaml

from .polygons import polygons
from .regions import BACKGROUND, find_regions

OFFSET = 0.25
"""
Added to the index of a pixel. Some programs round coordinates down, others to the nearest; both
find the pixel.
"""


def yolo_classes(names: Sequence[str]) -> dict[int, int]:
    """Index in `names` -> YOLO's class; the background has none, and the others count from 0."""
    kept = [k for k, name in enumerate(names) if name != BACKGROUND]
    return {label: number for number, label in enumerate(kept)}


def yolo_lines(label_map: np.ndarray, names: Sequence[str], tolerance: float = 1.0) -> str:
    """
    The label file of one image.

    Args:
        label_map, names: see `find_regions`.
        tolerance: see `polygons`.

    Returns:
        str: coordinates are divided by the width and height of the image, 0 to 1; "" for an image
        without regions.

    Raises:
        ValueError: see `find_regions` and `polygons`.
    """
    size = np.array(label_map.shape[::-1])
    numbers, lines = yolo_classes(names), []
    for region in find_regions(label_map, names):
        for polygon in polygons(region.mask, tolerance):
            values = ((polygon + OFFSET) / size).ravel()
            lines.append(f"{numbers[region.label]} {' '.join(f'{v:.7g}' for v in values)}\n")
    return "".join(lines)


def yolo_data(names: Sequence[str]) -> str:
    """`data.yaml` beside the folders `images` and `labels`."""
    classes = {number: names[label] for label, number in yolo_classes(names).items()}
    folders = {"train": "images", "val": "images"}
    return yaml.safe_dump(folders | {"names": classes}, allow_unicode=True, sort_keys=False)

"""
Label maps as polygons of connected regions, in files of LabelMe and of YOLO's segmentation.

YOLO has a line `class x1 y1 x2 y2 ...` for each polygon, and takes each for an instance.
Formats: https://github.com/wkentaro/labelme, https://docs.ultralytics.com/datasets/segment/
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import yaml

from .polygons import BACKGROUND, find_regions, polygons

OFFSET = 0.25
"""
Added to the index of a pixel. Some programs round coordinates down, others to the nearest; both
find the pixel.
"""

_VERSION = "5.5.0"
"""Of the file format; LabelMe 5 and 6 read it."""


def _yolo_classes(names: Sequence[str]) -> dict[int, int]:
    """Index in `names` -> YOLO's class; the background has none, and the others count from 0."""
    kept = [k for k, name in enumerate(names) if name != BACKGROUND]
    return {label: number for number, label in enumerate(kept)}


def yolo_lines(label_map: np.ndarray, names: Sequence[str], tolerance: float = 1.0) -> str:
    """
    The label file of one image; arguments and errors as `find_regions` and `polygons`. Coordinates
    are divided by the width and height of the image, 0 to 1.
    """
    size = np.array(label_map.shape[::-1])
    numbers, lines = _yolo_classes(names), []
    for region in find_regions(label_map, names):
        for polygon in polygons(region.mask, tolerance):
            values = ((polygon + OFFSET) / size).ravel()
            lines.append(f"{numbers[region.label]} {' '.join(f'{v:.7g}' for v in values)}\n")
    return "".join(lines)


def yolo_data(names: Sequence[str]) -> str:
    """`data.yaml` beside the folders `images` and `labels`."""
    classes = {number: names[label] for label, number in _yolo_classes(names).items()}
    folders = {"train": "images", "val": "images"}
    return yaml.safe_dump(folders | {"names": classes}, allow_unicode=True, sort_keys=False)


def labelme_file(
    label_map: np.ndarray,
    names: Sequence[str],
    image_path: str,
    scores: Mapping[str, float] | None = None,
    tolerance: float = 1.0,
) -> dict[str, Any]:
    """
    The content of a LabelMe file, ready for `json.dump`; the image is not embedded. Arguments and
    errors as `find_regions` and `polygons`.

    Args:
        image_path: of the image, relative to the folder of the file.
    """
    height, width = label_map.shape
    shapes = [
        {
            "label": names[region.label],
            "points": (polygon + OFFSET).tolist(),
            "group_id": None,
            "description": "" if region.score is None else f"score {region.score:.3f}",
            "shape_type": "polygon",
            "flags": {},
            "mask": None,
        }
        for region in find_regions(label_map, names, scores)
        for polygon in polygons(region.mask, tolerance)
    ]
    return {
        "version": _VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": image_path,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }

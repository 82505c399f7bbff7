"""
Label maps as files of LabelMe (https://github.com/wkentaro/labelme), with one polygon for each
connected region of a class.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .polygons import polygons
from .regions import find_regions
from .yolo import OFFSET

_VERSION = "5.5.0"
"""Of the file format; LabelMe 5 and 6 read it."""


def labelme_file(
    label_map: np.ndarray,
    names: Sequence[str],
    image_path: str,
    scores: Mapping[str, float] | None = None,
    tolerance: float = 1.0,
) -> dict[str, Any]:
    """
    The content of a LabelMe file.

    Args:
        label_map, names, scores: see `find_regions`.
        image_path: of the image, relative to the folder of the file.
        tolerance: see `polygons`.

    Returns:
        dict: ready for `json.dump`. The image is not embedded.

    Raises:
        ValueError: see `find_regions` and `polygons`.
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

"""
Label maps as COCO annotations (https://cocodataset.org/#format-data).

Masks are run-length encoded, which loses nothing: holes and separate parts are kept. As in
COCO-Stuff, an annotation is a class of an image and `iscrowd` is 0, although it is no instance.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from pycocotools import mask as rle

from ...version import __version__
from .polygons import BACKGROUND, Region, find_regions

_DIGITS = 6


def coco_dataset(
    label_map: np.ndarray,
    names: Sequence[str],
    file_name: str,
    scores: Mapping[str, float] | None = None,
    *,
    connected: bool = False,
) -> dict[str, Any]:
    """
    A COCO data set of one image, ready for `json.dump`; arguments and errors as `find_regions`.

    The id of a category is 1 + the index of the class in `names`; pixels of no word and of the
    background are in no annotation. `score`, where it is known, is the mean score of the class.
    """
    height, width = label_map.shape
    regions = find_regions(label_map, names, scores, connected=connected)
    annotations = [_annotation(number, region) for number, region in enumerate(regions, start=1)]
    unit = "connected region" if connected else "class of an image"
    return {
        "info": {
            "description": f"Semantic segmentation: an annotation is a {unit}, not an instance.",
            "version": f"freecp_d2 {__version__}",
        },
        "images": [{"id": 1, "file_name": file_name, "width": width, "height": height}],
        "annotations": annotations,
        "categories": [
            {"id": k + 1, "name": name, "supercategory": ""}
            for k, name in enumerate(names)
            if name != BACKGROUND
        ],
    }


def _annotation(number: int, region: Region) -> dict[str, Any]:
    encoded = rle.encode(np.asfortranarray(region.mask, dtype=np.uint8))
    size = [int(side) for side in encoded["size"]]
    annotation = {
        "id": number,
        "image_id": 1,
        "category_id": region.label + 1,
        "segmentation": {"size": size, "counts": encoded["counts"].decode("ascii")},
        "area": int(rle.area(encoded)),
        "bbox": rle.toBbox(encoded).tolist(),
        "iscrowd": 0,
    }
    score = {} if region.score is None else {"score": round(region.score, _DIGITS)}
    return annotation | score


def merge_coco(datasets: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """
    One data set with the images and annotations of several, numbered anew from 1; ValueError if
    their categories differ.
    """
    merged: dict[str, Any] = {}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for dataset in datasets:
        merged = merged or {key: dataset[key] for key in ("info", "categories")}
        if dataset["categories"] != merged["categories"]:
            raise ValueError("got COCO data sets of different words; merge those of the same.")
        new = {image["id"]: len(images) + k for k, image in enumerate(dataset["images"], start=1)}
        images += [{**image, "id": new[image["id"]]} for image in dataset["images"]]
        annotations += [
            {**one, "id": len(annotations) + k, "image_id": new[one["image_id"]]}
            for k, one in enumerate(dataset["annotations"], start=1)
        ]
    return {
        "info": merged["info"],
        "images": images,
        "annotations": annotations,
        "categories": merged["categories"],
    }

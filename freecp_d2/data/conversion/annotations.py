"""Read annotations in COCO's format, regions with a category, and draw label maps from them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .label_files import encode_labels

_MIN_POLYGON = 6  # numbers: three corners
_KEYS = ("file_name", "height", "width", "phase", "category_id", "segmentation", "size", "counts")


@dataclass(frozen=True)
class AnnotatedImage:
    """An image and its annotations, (category id, segmentation) in the order of the file."""

    name: str  # of its file, without suffix
    phase: str  # its split, "" where the file has none
    height: int
    width: int
    annotations: tuple[tuple[int, Any], ...]


def load_annotations(path: Path, *, annotations: str, image_id: str) -> list[AnnotatedImage]:
    """
    Read a JSON file of images and annotations.

    Args:
        annotations: the key of its list of annotations; that of images is "images".
        image_id: the key of an image's number, to which "image_id" of an annotation refers.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated, or has other keys.
    """
    keys = frozenset((*_KEYS, "images", annotations, "image_id", image_id))
    content = _read_json(path, keys)
    try:
        regions = defaultdict(list)
        for entry in content[annotations]:
            regions[entry["image_id"]].append((entry["category_id"], entry["segmentation"]))
        return [
            AnnotatedImage(
                Path(entry["file_name"]).stem,
                entry.get("phase", ""),
                entry["height"],
                entry["width"],
                tuple(regions[entry[image_id]]),
            )
            for entry in content["images"]
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(
            f'{path}: is another kind of file ({error!r}), expected the lists "images" (with '
            f'{image_id}, file_name, height, width) and "{annotations}" (with image_id, '
            "category_id, segmentation)."
        ) from error


def draw_annotations(label_of: Mapping[int, int], image: AnnotatedImage) -> bytes:
    """
    Draw the annotations of an image in order, later ones over earlier ones, as an 8-bit grey PNG.

    Args:
        label_of: category id -> label; other categories and pixels without annotation are 0.

    Raises:
        ValueError: a malformed annotation; its number counts from 0.
    """
    labels = np.zeros((image.height, image.width), dtype=np.uint8)
    for number, (category, segmentation) in enumerate(image.annotations):
        try:
            region = decode_region(segmentation, image.height, image.width)
        except ValueError as error:
            raise ValueError(f"annotation {number} (category {category}) has {error}") from error
        labels[region] = label_of.get(category, 0)
    return encode_labels(labels)


def decode_region(segmentation: Any, height: int, width: int) -> np.ndarray:
    """
    Decode the pixels of an annotation.

    Args:
        segmentation: run lengths (`size`, `counts`; compressed or not), or a list of polygons
            [x0, y0, x1, y1, ...]; an empty list has no pixels.

    Returns:
        ndarray: shape (H, W), bool.

    Raises:
        ValueError: a malformed segmentation, or one of another image size.
    """
    from pycocotools import mask as coco_mask

    if isinstance(segmentation, Mapping):
        region = _check_runs(segmentation, height, width)
        if isinstance(region["counts"], list):
            region = coco_mask.frPyObjects(region, height, width)
    else:
        polygons = _check_polygons(segmentation)
        if not polygons:
            return np.zeros((height, width), dtype=bool)
        region = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    try:
        return coco_mask.decode(region).astype(bool)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"run lengths that cannot be decoded ({error}); download the file again."
        ) from error


def _read_json(path: Path, keys: frozenset[str]) -> dict[str, Any]:
    """The content of a file with only `keys`, at any depth; all keys would take gigabytes."""

    def keep(node: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in node.items() if key in keys}

    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file, object_hook=keep)
    except ValueError as error:
        raise ValueError(
            f"{path}: is no complete JSON file ({error}); download it again."
        ) from error


def _check_runs(runs: Mapping[str, Any], height: int, width: int) -> dict[str, Any]:
    counts = runs.get("counts")
    if not isinstance(counts, str | bytes | list):
        raise ValueError(f"a segmentation with the keys {sorted(runs)}, expected counts and size.")
    if list(runs.get("size", ())) != [height, width]:
        raise ValueError(
            f"a segmentation of size {runs.get('size')}, expected the image's {[height, width]} "
            "(height, width)."
        )
    if isinstance(counts, list) and sum(counts) != height * width:
        raise ValueError(
            f"run lengths of {sum(counts)} pixels, expected {height * width}; download the file "
            "again."
        )
    return dict(runs)


def _check_polygons(segmentation: Any) -> list[list[float]]:
    """The polygons that are not empty."""
    polygons = list(segmentation) if isinstance(segmentation, Sequence) else [segmentation]
    for polygon in polygons:
        is_list = isinstance(polygon, list)
        if not is_list or (polygon and (len(polygon) < _MIN_POLYGON or len(polygon) % 2)):
            raise ValueError(
                f"the polygon {polygon!r}, expected a list [x0, y0, x1, y1, ...] of three corners "
                "or more."
            )
    return [polygon for polygon in polygons if polygon]

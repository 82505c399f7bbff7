"""Make the label files of Pascal Context, and those of COCO-Object from COCO's instances."""

import dataclasses
import functools
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...utils.files import write_whole
from ..benchmark_spec import COCO_THING_IDS, PASCAL_CONTEXT_IDS
from .label_files import (
    LABEL_CONVERSIONS,
    OBJECT_SUFFIX,
    OBJECT_TARGET,
    encode_labels,
    missing_files,
)
from .runner import ConversionReport, Job, Options, convert_files

CONTEXT_FOLDER = "VOCdevkit/VOC2010"
CONTEXT_PAGE = "https://cs.stanford.edu/~roozbeh/pascal-context/ (as one file of the name above)"
_CONTEXT_LABELS = {category: i for i, category in enumerate(PASCAL_CONTEXT_IDS, start=1)}
_OBJECT_LABELS = {value + 1: label for label, value in enumerate(COCO_THING_IDS, start=1)}
_INSTANCES_NOTE = (
    "Drawn from instances, later ones over earlier ones. The literature makes labels from "
    "stuffthingmaps, which differ where things overlap: results on these files are not comparable."
)
_MIN_POLYGON = 6  # numbers: three corners
_KEYS = ("file_name", "height", "width", "phase", "category_id", "segmentation", "size", "counts")


@dataclass(frozen=True)
class AnnotatedImage:
    """An image and its annotations, (category id, segmentation) in the order of the file."""

    name: str  # its file name without suffix
    phase: str  # its split, "" where the file has none
    height: int
    width: int
    annotations: tuple[tuple[int, Any], ...]


def convert_context(options: Options) -> ConversionReport:
    """Write the labels of a split of Pascal Context and, if all succeed, its split file."""
    base = options.root / CONTEXT_FOLDER
    path = base / "trainval_merged.json"
    if not path.is_file():
        pattern = f"{CONTEXT_FOLDER}/{path.name}"
        raise missing_files("Pascal Context", CONTEXT_PAGE, options.root, [pattern])
    images = load_annotations(path, annotations="annos_segmentation", image_id="image_id")
    listed = sorted((i for i in images if i.phase == options.split), key=lambda image: image.name)
    if not listed:
        phases = sorted({image.phase for image in images})
        raise ValueError(
            f'{path}: has no image of the phase "{options.split}", only {phases}; use the file '
            "that datasets/README.md names."
        )
    images = [image for image in listed if image.annotations]
    folder = base / "SegmentationClassContext"
    jobs = [Job(f"{path}, {image.name}", folder / f"{image.name}.png", image) for image in images]
    draw = functools.partial(draw_annotations, _CONTEXT_LABELS)
    report = convert_files(jobs, draw, folder=folder, options=options)
    notes = []
    if left_out := [image.name for image in listed if not image.annotations]:
        notes.append(f"Skipped, because they have no annotation: {', '.join(left_out)}.")
    split_file = base / "ImageSets" / "SegmentationContext" / f"{options.split}.txt"
    if report.broken:
        notes.append(f"{split_file} is written when all labels exist.")
    else:
        split_file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(split_file, "".join(f"{image.name}\n" for image in images).encode())
        notes.append(f"{len(images):,} names written to {split_file}.")
    return dataclasses.replace(report, notes=tuple(notes))


def convert_instances(path: Path, options: Options) -> ConversionReport:
    """
    Draw COCO's instances, including crowds; images without instances are all background.

    `path` is `instances_val2017.json`, or that of the split in `options`.
    """
    conversion = LABEL_CONVERSIONS["coco_object"]
    images = load_annotations(path, annotations="annotations", image_id="id")
    categories = {category for image in images for category, _ in image.annotations}
    if unknown := sorted(categories - _OBJECT_LABELS.keys()):
        raise ValueError(
            f"{path}: has the category {unknown[0]}, which is none of COCO's 80 things; use "
            f"instances_{conversion.splits[options.split]}.json."
        )
    folder = options.root / conversion.of_split(OBJECT_TARGET, options.split)
    jobs = [Job(image.name, folder / f"{image.name}{OBJECT_SUFFIX}", image) for image in images]
    draw = functools.partial(draw_annotations, _OBJECT_LABELS)
    report = convert_files(jobs, draw, folder=folder, options=options)
    return dataclasses.replace(report, notes=(_INSTANCES_NOTE,))


def load_annotations(path: Path, *, annotations: str, image_id: str) -> list[AnnotatedImage]:
    """
    Read a JSON file of images and annotations; ValueError if it is truncated or has other keys.

    Args:
        annotations: the key of the list of annotations.
        image_id: the key of an image's number, to which "image_id" of an annotation refers.
    """
    content = _read_json(path, {*_KEYS, "images", annotations, "image_id", image_id})
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

    `label_of` is category id -> label; other categories and pixels without annotation are 0.
    ValueError names a malformed annotation by its number, from 0.
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
    Decode the pixels of an annotation as a bool array, shape (H, W).

    `segmentation` has run lengths (`size`, `counts`; compressed or not), or is a list of polygons
    [x0, y0, x1, y1, ...]; an empty list has no pixels. ValueError for other ones.
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


def _read_json(path: Path, keys: set[str]) -> dict[str, Any]:
    """The content of a file with only these keys, at any depth; all would take gigabytes."""

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

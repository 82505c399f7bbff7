"""
Label maps as predictions of Label Studio, with brush strokes or polygons.

Formats: https://labelstud.io/guide/export and `data.own.label_studio`.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..own.label_studio import encode_brush
from .labelme_yolo import OFFSET
from .polygons import find_regions, polygons

_CONTROLS = {"BrushLabels": "brushlabels", "PolygonLabels": "polygonlabels"}


class Labelling(NamedTuple):
    """The labels of a project."""

    kind: str  # "brushlabels" or "polygonlabels"
    from_name: str  # of the tag of the labels
    to_name: str  # of the tag of the image
    image: str  # the key of the image in the data of a task
    labels: tuple[str, ...]  # in the order of the project


def read_labelling(config: str) -> Labelling:
    """Read the labelling config of a project, XML; ValueError if it has no labels of an image."""
    try:
        root = ET.fromstring(config)
    except ET.ParseError as error:
        raise ValueError(f"the labelling config is not XML ({error}).") from error
    images = {tag.get("name"): (tag.get("value") or "").lstrip("$") for tag in root.iter("Image")}
    for tag in root.iter():
        labels = tuple(label.get("value") or "" for label in tag.iter("Label"))
        if tag.tag in _CONTROLS and tag.get("toName") in images and all(labels) and labels:
            to_name = tag.get("toName", "")
            return Labelling(
                _CONTROLS[tag.tag], tag.get("name", ""), to_name, images[to_name], labels
            )
    raise ValueError(
        "the labelling config has no labels for an image; add <BrushLabels> or <PolygonLabels> "
        "with a <Label> for each word."
    )


def label_studio_results(
    label_map: np.ndarray,
    labelling: Labelling,
    names: Sequence[str],
    scores: Mapping[str, float],
    tolerance: float = 1.0,
) -> list[dict[str, Any]]:
    """
    The regions of one image, ready for `json.dump`: a brush stroke for each class, whose mask is
    that of the label map, or a polygon for each connected region.

    Args:
        label_map, names, scores: see `find_regions`; `names` are in the order of the labels, after
            a background if there is one.
        tolerance: see `polygons`.
    """
    height, width = label_map.shape
    offset = len(names) - len(labelling.labels)
    results: list[dict[str, Any]] = []
    for region in find_regions(label_map, names, scores):
        values: list[dict[str, Any]]
        if labelling.kind == "brushlabels":
            values = [{"format": "rle", "rle": list(encode_brush(region.mask))}]
        else:
            percent = 100 / np.array([width, height])
            rings = [(ring + OFFSET) * percent for ring in polygons(region.mask, tolerance)]
            values = [{"points": ring.tolist(), "closed": True} for ring in rings]
        for value in values:
            results.append(
                {
                    "id": f"region{len(results)}",
                    "type": labelling.kind,
                    "from_name": labelling.from_name,
                    "to_name": labelling.to_name,
                    "original_width": width,
                    "original_height": height,
                    "image_rotation": 0,
                    "score": region.score,
                    "value": value | {labelling.kind: [labelling.labels[region.label - offset]]},
                }
            )
    return results

"""COCO's panoptic layout: PNG files of segment ids, and a JSON file with their categories."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..file_checks import first_few
from ..label_reading import read_colors
from ..labels import IGNORE_LABEL, look_up
from .annotation_files import class_of_names, key_error, match_images, read_json
from .classes import Classes
from .spec import Spec

_EXPECTED = (
    'COCO\'s panoptic format: lists "images" (id, file_name), "categories" (id, name) and '
    '"annotations" (image_id, file_name, segments_info with id and category_id)'
)


@dataclass(frozen=True)
class PanopticEncoding:
    """
    What the colours of one file mean: red + 256 green + 65536 blue is the id of a segment, and 0
    no segment.
    """

    segments: tuple[tuple[int, int], ...]  # (id of a segment, its class)

    def read(self, path: str | Path) -> np.ndarray:
        """The train ids of the file, int16 (H, W); ValueError if a segment is not in the JSON."""
        ids = read_colors(path).astype(np.int32) @ np.array([1, 1 << 8, 1 << 16], np.int32)
        labels, unknown = look_up(ids, dict(self.segments) | {0: IGNORE_LABEL})
        if unknown.size:
            found = [str(number) for number in np.unique(unknown)]
            raise ValueError(
                f"{path}: {len(found)} segments that the JSON file does not have: "
                f"{first_few(found)}; take both from one export."
            )
        return labels


def categories(path: Path) -> list[str]:
    """The names of the categories, in the order of the file."""
    content = read_json(path)
    try:
        return [str(entry["name"]) for entry in content["categories"]]
    except (KeyError, TypeError) as error:
        raise key_error(path, error, _EXPECTED) from error


def find_labels(
    spec: Spec, classes: Classes, images: Mapping[str, str]
) -> dict[str, tuple[str, PanopticEncoding]]:
    """Name of an image -> its PNG and the meaning of its segments; ValueError if one is missing."""
    path = spec.path(spec.annotations)
    content = read_json(path)
    class_of = class_of_names(classes, categories(path), path)
    try:
        label_of = {
            entry["id"]: class_of.get(str(entry["name"]), IGNORE_LABEL)
            for entry in content["categories"]
        }
        file_of = {entry["id"]: entry["file_name"] for entry in content["images"]}
        listed = {
            file_of[entry["image_id"]]: (
                str(spec.path(spec.labels) / entry["file_name"]),
                PanopticEncoding(
                    tuple(
                        (int(segment["id"]), label_of[segment["category_id"]])
                        for segment in entry["segments_info"]
                    )
                ),
            )
            for entry in content["annotations"]
        }
    except (KeyError, TypeError, ValueError) as error:
        raise key_error(path, error, _EXPECTED) from error
    return match_images(spec, images, listed, path)

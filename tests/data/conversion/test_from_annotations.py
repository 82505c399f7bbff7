"""Regions of annotations, and their JSON file. `tests/apps/data` tests what is drawn."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from freecp_d2.data.conversion.from_annotations import (
    AnnotatedImage,
    decode_region,
    load_annotations,
)

MASK = [[0, 1, 1], [0, 0, 1]]
COUNTS = [2, 1, 1, 2]  # column after column: 00 10 11
SIZE = {"height": 2, "width": 3}


def load(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return load_annotations(path, annotations="annotations", image_id="id")


def test_every_kind_of_region():
    rle = coco_mask.encode(np.asfortranarray(np.array(MASK, dtype=np.uint8)))
    for segmentation, expected in (
        ({"size": [2, 3], "counts": COUNTS}, MASK),
        (rle, MASK),
        ({**rle, "counts": rle["counts"].decode()}, MASK),
        ([[0, 0, 1, 0, 1, 2, 0, 2], [2, 0, 3, 0, 3, 2, 2, 2]], [[1, 0, 1]] * 2),
        *((empty, [[0] * 3] * 2) for empty in ([], [[]], {"size": [2, 3], "counts": [6]})),
    ):
        region = decode_region(segmentation, 2, 3)
        assert region.dtype == bool
        assert region.astype(int).tolist() == expected


def test_malformed_regions():
    for segmentation, problem in (
        ({"size": [3, 2], "counts": COUNTS}, r"size \[3, 2\], expected the image's \[2, 3\]"),
        ({"counts": COUNTS}, "size None"),
        ({"size": [2, 3]}, r"keys \['size'\]"),
        ({"size": [2, 3], "counts": [2, 1]}, "run lengths of 3 pixels, expected 6"),
        ({"size": [2, 3], "counts": "PPYo1"}, "cannot be decoded"),
        ([[0, 0, 1, 1]], "three corners"),
        ([[0, 0, 1, 0, 1, 1, 0]], "three corners"),
        ([0, 0, 1, 0, 1, 1], "expected a list"),
        (None, "expected a list"),
    ):
        with pytest.raises(ValueError, match=problem):
            decode_region(segmentation, 2, 3)


def test_images_with_their_annotations_in_order(tmp_path):
    segmentation = {"size": [2, 3], "counts": [6]}
    content = {
        "images": [
            {"id": 5, "file_name": "b.jpg", "phase": "val", **SIZE, "url": "x"},
            {"id": 4, "file_name": "folder/a.jpg", **SIZE},
        ],
        "annotations": [
            {"image_id": 5, "category_id": 2, "segmentation": [], "area": 1},
            {"image_id": 5, "category_id": 1, "segmentation": segmentation},
            {"image_id": 9, "category_id": 1, "segmentation": []},
        ],
        "info": {"images": 3},
    }
    first, second = load(tmp_path / "a.json", content)
    assert first == AnnotatedImage("b", "val", 2, 3, ((2, []), (1, segmentation)))
    assert second == AnnotatedImage("a", "", 2, 3, ())


def test_other_files(tmp_path):
    for content, problem in (
        ('{"images": [', "no complete JSON"),
        ("[]", "another kind of file"),
        ({"images": []}, "another kind of file"),
        ({"images": [{"id": 1}], "annotations": []}, "another kind of file"),
        ({"images": [], "annotations": [{"image_id": 1}]}, "another kind of file"),
    ):
        with pytest.raises(ValueError, match=problem):
            load(tmp_path / "a.json", content)

"""Regions of annotations, and their JSON file. `tests/apps/data` tests what is drawn."""

import json

import pytest

from freecp_d2.data.conversion.from_annotations import decode_region, load_annotations

COUNTS = [2, 1, 1, 2]


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


def test_other_files(tmp_path):
    for content, problem in (
        ('{"images": [', "no complete JSON"),
        ("[]", "another kind of file"),
        ({"images": []}, "another kind of file"),
        ({"images": [{"id": 1}], "annotations": []}, "another kind of file"),
        ({"images": [], "annotations": [{"image_id": 1}]}, "another kind of file"),
    ):
        path = tmp_path / "a.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        with pytest.raises(ValueError, match=problem):
            load_annotations(path, annotations="annotations", image_id="id")

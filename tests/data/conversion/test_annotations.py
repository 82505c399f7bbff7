"""Annotations: their regions, the order in which they are drawn, and the JSON file."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from freecp_d2.data.conversion.annotations import (
    AnnotatedImage,
    decode_region,
    draw_annotations,
    load_annotations,
)

MASK = [[0, 1, 1], [0, 0, 1]]
COUNTS = [2, 1, 1, 2]  # column after column: 00 10 11


def compressed(values):
    rle = coco_mask.encode(np.asfortranarray(np.array(values, dtype=np.uint8)))
    return {"size": [len(values), len(values[0])], "counts": rle["counts"]}


class TestRegion:
    def test_every_kind(self):
        rle = compressed(MASK)
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

    def test_malformed(self):
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


class TestDrawing:
    def draw(self, *annotations):
        image = AnnotatedImage("a", "val", 2, 3, annotations)
        with Image.open(io.BytesIO(draw_annotations({10: 1, 20: 2}, image))) as labels:
            assert labels.mode == "L"
            return np.asarray(labels).tolist()

    def test_later_over_earlier(self):
        """Other categories are drawn as background."""
        top = compressed([[1, 1, 1], [0, 0, 0]])
        right = compressed([[0, 0, 1], [0, 0, 1]])
        assert self.draw() == [[0] * 3] * 2
        assert self.draw((10, top), (20, right)) == [[1, 1, 2], [0, 0, 2]]
        assert self.draw((20, right), (10, top)) == [[1, 1, 1], [0, 0, 2]]
        assert self.draw((10, top), (30, right)) == [[1, 1, 0], [0, 0, 0]]

    def test_a_malformed_one_is_numbered(self):
        with pytest.raises(ValueError, match=r"annotation 1 \(category 20\) has a segmentation"):
            self.draw((10, []), (20, {"size": [1, 1], "counts": [1]}))


class TestLoading:
    def write(self, tmp_path, content):
        path = tmp_path / "a.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def load(self, path):
        return load_annotations(path, annotations="annotations", image_id="id")

    def test_images_with_their_annotations_in_order(self, tmp_path):
        size = {"height": 2, "width": 3}
        content = {
            "images": [
                {"id": 5, "file_name": "b.jpg", "phase": "val", **size, "url": "x"},
                {"id": 4, "file_name": "folder/a.jpg", **size},
            ],
            "annotations": [
                {"image_id": 5, "category_id": 2, "segmentation": [], "area": 1},
                {"image_id": 5, "category_id": 1, "segmentation": {"size": [2, 3], "counts": [6]}},
                {"image_id": 9, "category_id": 1, "segmentation": []},
            ],
            "info": {"images": 3},
        }
        first, second = self.load(self.write(tmp_path, content))
        segmentation = {"size": [2, 3], "counts": [6]}
        assert first == AnnotatedImage("b", "val", 2, 3, ((2, []), (1, segmentation)))
        assert second == AnnotatedImage("a", "", 2, 3, ())

    def test_other_files(self, tmp_path):
        for content, problem in (
            ('{"images": [', "no complete JSON"),
            ("[]", "another kind of file"),
            ({}, "another kind of file"),
            ({"images": []}, "another kind of file"),
            ({"images": [{"id": 1}], "annotations": []}, "another kind of file"),
            ({"images": [], "annotations": [{"image_id": 1}]}, "another kind of file"),
            ({"images": [], "annotations": None}, "another kind of file"),
        ):
            with pytest.raises(ValueError, match=problem):
                self.load(self.write(tmp_path, content))
        with pytest.raises(FileNotFoundError):
            self.load(tmp_path / "none.json")

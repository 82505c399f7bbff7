"""`freecp data prepare` of annotations: Pascal Context, and COCO-Object from instances."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from freecp_d2.data.conversion.from_annotations import decode_region, load_annotations

from .label_files import files, read

OBJECT = "coco_object/annotations/val2017"
FOLDER = "VOCdevkit/VOC2010"
LABELS = f"{FOLDER}/SegmentationClassContext"
SPLIT = f"{FOLDER}/ImageSets/SegmentationContext"
AEROPLANE, BICYCLE, WOOD = 2, 23, 458  # 1, 6 and 59 of the sorted ids
HEIGHT, WIDTH = 4, 5
SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]  # the pixels 1..2 x 1..2


def runs(values):
    """Compressed run lengths of a mask, as Pascal Context has them."""
    rle = coco_mask.encode(np.asfortranarray(np.array(values, dtype=np.uint8)))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode()}


def rows(*numbers):
    """A mask of whole rows."""
    return runs([[int(row in numbers)] * WIDTH for row in range(HEIGHT)])


def write_json(path, images, key, image_id):
    """`images`: (name, phase, [(category, segmentation), ...])."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = {"height": HEIGHT, "width": WIDTH}
    content = {"info": {}, "images": [], key: [], "categories": [{"category_id": 2}]}
    for number, (name, phase, annotations) in enumerate(images):
        entry = {"id": 7, image_id: number, "file_name": f"{name}.jpg", "phase": phase, **size}
        content["images"].append(entry)
        for category, segmentation in annotations:
            part = {"part_id": 1, "segmentation": rows(0)}
            entry = {"image_id": number, "category_id": category, "segmentation": segmentation}
            content[key].append({"id": 0, **entry, "parts": [part], "iscrowd": 0})
    path.write_text(json.dumps(content))
    return path


class TestInstances:
    def convert(self, root, run, *annotations):
        """Draw the annotations of image 0, 1, ..."""
        images = [(f"{i:012d}", "", found) for i, found in enumerate(annotations)]
        path = write_json(root / "instances_val2017.json", images, "annotations", "id")
        return run("coco_object", "--from-instances", str(path))

    def test_labels(self, root, run):
        everything = [[0, 0, 5, 0, 5, 4, 0, 4]]
        crowd = [[1, 0, 0, 0, 1], [1, 0, 0, 0, 0], [1, 0, 1, 0, 0], [0, 0, 0, 0, 1]]
        uncompressed = {"size": [HEIGHT, WIDTH], "counts": [0, 3, 7, 1, 5, 1, 2, 1]}
        on_top = np.full((HEIGHT, WIDTH), 3)
        on_top[1:3, 1:3] = 80
        nothing = np.zeros((HEIGHT, WIDTH), int).tolist()
        status, printed = self.convert(
            root,
            run,
            [(3, everything), (90, [SQUARE])],
            [(1, uncompressed)],
            [(1, runs(crowd))],
            [(1, []), (1, rows())],
            [],
        )
        assert status == 0
        assert "not comparable" in printed
        for number, expected in enumerate((on_top.tolist(), crowd, crowd, nothing, nothing)):
            assert read(root / OBJECT / f"{number:012d}_instanceTrainIds.png") == expected

    def test_a_damaged_annotation_names_its_image(self, root, run):
        damaged = {"size": [9, 9], "counts": [81]}
        status, printed = self.convert(root, run, [(1, damaged)], [(1, [SQUARE])], [(1, [[1, 2]])])
        assert status == 1
        assert "0000: annotation 0 (category 1) has a segmentation of size [9, 9]" in printed
        assert "0002: annotation 0 (category 1) has the polygon [1, 2]" in printed
        assert files(root / OBJECT) == ["000000000001_instanceTrainIds.png"]

    def test_stuff_is_no_instance(self, root, run):
        with pytest.raises(SystemExit, match=r"category 183(?s:.*)instances_val2017\.json"):
            self.convert(root, run, [(183, [SQUARE])])
        with pytest.raises(SystemExit, match=r"none\.json"):
            run("coco_object", "--from-instances", str(root / "none.json"))


class TestContext:
    def convert(self, root, run, *images, split="val"):
        path = root / FOLDER / "trainval_merged.json"
        write_json(path, images, "annos_segmentation", "image_id")
        return run("pascal_context", "--split", split)

    def test_classes_are_ranks(self, root, run):
        """Later annotations are on top, and other categories are background."""
        annotations = [(AEROPLANE, rows(0, 1)), (BICYCLE, rows(1, 2)), (WOOD, rows(3))]
        others = [(AEROPLANE, rows(0, 1)), *((other, rows(other % 4)) for other in (1, 3, 459))]
        images = [("2008_000002", "val", annotations), ("2008_000003", "val", others)]
        assert self.convert(root, run, *images)[0] == 0
        for (name, _, _), labels in zip(images, ([1, 6, 6, 59], [1, 0, 0, 0]), strict=True):
            assert read(root / LABELS / f"{name}.png") == [[label] * WIDTH for label in labels]

    def test_names_of_the_split(self, root, run):
        """Sorted, without images that have no annotation."""
        some = [(AEROPLANE, rows(0))]
        images = [
            ("2010_000001", "val", some),
            ("2008_000002", "val", some),
            ("2008_000003", "val", []),
            ("2008_000004", "train", some),
            ("2008_000005", "test", []),
        ]
        status, printed = self.convert(root, run, *images)
        assert status == 0
        assert "no annotation: 2008_000003" in printed
        assert files(root / LABELS) == ["2008_000002.png", "2010_000001.png"]
        assert files(root / SPLIT) == ["val.txt"]
        self.convert(root, run, *images, split="train")
        assert files(root / LABELS) == ["2008_000002.png", "2008_000004.png", "2010_000001.png"]
        assert (root / SPLIT / "train.txt").read_text() == "2008_000004\n"
        assert (root / SPLIT / "val.txt").read_text() == "2008_000002\n2010_000001\n"

    def test_no_list_before_all_labels_are_there(self, root, run):
        damaged = [(AEROPLANE, {"size": [WIDTH, HEIGHT], "counts": [20]})]
        images = ("2008_000002", "val", [(AEROPLANE, rows(0))]), ("2008_000003", "val", damaged)
        status, printed = self.convert(root, run, *images)
        assert status == 1
        assert "2008_000003: annotation 0 (category 2)" in printed
        assert files(root / LABELS) == ["2008_000002.png"]
        assert not (root / SPLIT).exists()

    def test_a_wrong_file(self, root, run):
        with pytest.raises(SystemExit) as stop:
            run("pascal_context")
        assert f"{FOLDER}/trainval_merged.json" in str(stop.value.code)
        assert "roozbeh" in str(stop.value.code)
        with pytest.raises(SystemExit, match='no image of the phase "val"'):
            self.convert(root, run, ("2008_000002", "train", [(AEROPLANE, rows(0))]))
        (root / FOLDER / "trainval_merged.json").write_text("{")
        with pytest.raises(SystemExit, match="no complete JSON file"):
            run("pascal_context")


def test_malformed_regions():
    for segmentation, problem in (
        ({"size": [3, 2], "counts": [2, 1, 1, 2]}, r"size \[3, 2\], expected the image's \[2, 3\]"),
        ({"size": [2, 3]}, r"keys \['size'\]"),
        ({"size": [2, 3], "counts": [2, 1]}, "run lengths of 3 pixels, expected 6"),
        ({"size": [2, 3], "counts": "PPYo1"}, "cannot be decoded"),
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

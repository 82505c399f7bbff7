"""`freecp data prepare pascal_context` on annotations made by hand."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from .label_files import files, read

NAME = "pascal_context"
FOLDER = "VOCdevkit/VOC2010"
LABELS = f"{FOLDER}/SegmentationClassContext"
SPLIT = f"{FOLDER}/ImageSets/SegmentationContext"
AEROPLANE, BICYCLE, WOOD = 2, 23, 458  # 1, 6 and 59 of the sorted ids
HEIGHT, WIDTH = 3, 4


def runs(values):
    """Compressed run lengths of a mask, as the official file has them."""
    rle = coco_mask.encode(np.asfortranarray(np.array(values, dtype=np.uint8)))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode()}


def rows(*numbers):
    """A mask of whole rows."""
    return runs([[int(row in numbers)] * WIDTH for row in range(HEIGHT)])


class Context:
    """Collects images and annotations, and writes them."""

    def __init__(self, root):
        self.path = root / FOLDER / "trainval_merged.json"
        self.images, self.annotations = [], []

    def add(self, name, *annotations, phase="val"):
        number = int(name.replace("_", ""))
        size = {"height": HEIGHT, "width": WIDTH}
        self.images.append(
            {"image_id": number, "file_name": f"{name}.jpg", "phase": phase, "id": 7, **size}
        )
        for category, segmentation in annotations:
            entry = {"image_id": number, "category_id": category, "segmentation": segmentation}
            part = {"part_id": 1, "segmentation": rows(0)}
            self.annotations.append({"id": 0, **entry, "parts": [part], "iscrowd": 0})

    def write(self):
        content = {
            "images": self.images,
            "annos_segmentation": self.annotations,
            "annos_occlusion": [{"image_id": 1, "edges": {"indices": [[1, 2]]}}],
            "categories": [{"category_id": 2, "name": "aeroplane"}],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(content))


@pytest.fixture
def context(root):
    return Context(root)


def label(root, name):
    return read(root / LABELS / f"{name}.png")


class TestLabels:
    def test_classes_are_ranks(self, root, run, context):
        context.add("2008_000002", (AEROPLANE, rows(0)), (BICYCLE, rows(1)), (WOOD, rows(2)))
        context.write()
        assert run(NAME)[0] == 0
        assert label(root, "2008_000002") == [[1] * WIDTH, [6] * WIDTH, [59] * WIDTH]

    def test_the_later_annotation_is_on_top(self, root, run, context):
        context.add("2008_000002", (AEROPLANE, rows(0, 1)), (BICYCLE, rows(1, 2)))
        context.write()
        run(NAME)
        assert label(root, "2008_000002") == [[1] * WIDTH, [6] * WIDTH, [6] * WIDTH]

    def test_other_categories_are_background(self, root, run, context):
        for number, category in enumerate((1, 3, 459)):
            context.add(f"2008_{number:06d}", (AEROPLANE, rows(0, 1)), (category, rows(1, 2)))
        context.write()
        run(NAME)
        for number in range(3):
            assert label(root, f"2008_{number:06d}") == [[1] * WIDTH, [0] * WIDTH, [0] * WIDTH]

    def test_kinds_of_segmentation(self, root, run, context):
        polygon = [[0, 1, 4, 1, 4, 2, 0, 2]]
        uncompressed = {"size": [HEIGHT, WIDTH], "counts": [1, 1, 2, 1, 2, 1, 2, 1, 1]}
        context.add("2008_000000", (AEROPLANE, polygon))
        context.add("2008_000001", (AEROPLANE, uncompressed))
        context.add("2008_000002", (AEROPLANE, rows(1)))
        context.add("2008_000003", (AEROPLANE, rows()))
        context.write()
        run(NAME)
        for number in range(3):
            assert label(root, f"2008_{number:06d}") == [[0] * WIDTH, [1] * WIDTH, [0] * WIDTH]
        assert label(root, "2008_000003") == [[0] * WIDTH] * HEIGHT


class TestSplits:
    def test_names_are_sorted(self, root, run, context):
        for name in ("2010_000001", "2008_000002", "2009_000003"):
            context.add(name, (AEROPLANE, rows(0)))
        context.write()
        run(NAME)
        names = (root / SPLIT / "val.txt").read_text()
        assert names == "2008_000002\n2009_000003\n2010_000001\n"

    def test_only_the_split_that_is_asked_for(self, root, run, context):
        context.add("2008_000002", (AEROPLANE, rows(0)))
        context.add("2008_000004", (AEROPLANE, rows(0)), phase="train")
        context.add("2008_000005", phase="test")
        context.write()
        run(NAME)
        assert files(root / LABELS) == ["2008_000002.png"]
        assert files(root / SPLIT) == ["val.txt"]
        run(NAME, "--split", "train")
        assert files(root / LABELS) == ["2008_000002.png", "2008_000004.png"]
        assert (root / SPLIT / "train.txt").read_text() == "2008_000004\n"
        assert (root / SPLIT / "val.txt").read_text() == "2008_000002\n"

    def test_an_image_without_annotations_is_left_out(self, root, run, context):
        context.add("2008_000002", (AEROPLANE, rows(0)))
        context.add("2008_000003")
        context.write()
        status, printed = run(NAME)
        assert status == 0
        assert "no annotation: 2008_000003" in printed
        assert (root / SPLIT / "val.txt").read_text() == "2008_000002\n"
        assert files(root / LABELS) == ["2008_000002.png"]

    def test_no_list_before_all_labels_are_there(self, root, run, context):
        context.add("2008_000002", (AEROPLANE, rows(0)))
        context.add("2008_000003", (AEROPLANE, {"size": [WIDTH, HEIGHT], "counts": [12]}))
        context.write()
        status, printed = run(NAME)
        assert status == 1
        assert "2008_000003: annotation 0 (category 2)" in printed
        assert files(root / LABELS) == ["2008_000002.png"]
        assert not (root / SPLIT).exists()


class TestTheFile:
    def test_missing(self, root, run):
        with pytest.raises(SystemExit) as stop:
            run(NAME)
        assert f"{FOLDER}/trainval_merged.json" in str(stop.value.code)
        assert "roozbeh" in str(stop.value.code)

    def test_truncated(self, root, run, context):
        context.add("2008_000002", (AEROPLANE, rows(0)))
        context.write()
        context.path.write_text(context.path.read_text()[:-30])
        with pytest.raises(SystemExit, match="no complete JSON file"):
            run(NAME)

    def test_without_the_phase(self, root, run, context):
        context.add("2008_000002", (AEROPLANE, rows(0)), phase="train")
        context.write()
        with pytest.raises(SystemExit, match='no image of the phase "val"'):
            run(NAME)

"""`freecp data prepare coco_object`: from stuffthingmaps, and from instances."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from .label_files import files, read, truncate, write

NAME = "coco_object"
GAPS = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90]
THINGS = [value for value in range(90) if value not in GAPS]
RAW = "coco/stuffthingmaps/val2017"
OBJECT = "coco_object/annotations/val2017"
SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]  # the pixels 1..2 x 1..2


class TestFromStuffthingmaps:
    def test_things(self, root, run):
        assert len(THINGS) == 80
        write(root / RAW / "000000000139.png", [THINGS])
        assert run(NAME)[0] == 0
        assert read(root / OBJECT / "000000000139_instanceTrainIds.png") == [list(range(1, 81))]

    def test_stuff_and_unlabelled_are_background(self, root, run):
        write(root / RAW / "1.png", [[*range(91, 182), 255]])
        run(NAME)
        assert read(root / OBJECT / "1_instanceTrainIds.png") == [[0] * 92]

    def test_known_values(self, root, run):
        known = {0: 1, 10: 11, 12: 12, 64: 60, 66: 61, 89: 80}
        write(root / RAW / "1.png", [[*known]])
        run(NAME)
        assert read(root / OBJECT / "1_instanceTrainIds.png") == [[*known.values()]]

    def test_illegal_values(self, root, run):
        for value in (*GAPS, 200):
            write(root / RAW / f"{value}.png", [[0, value]])
        status, printed = run(NAME)
        assert status == 1
        for value in (*GAPS, 200):
            assert f"{root / RAW / str(value)}.png: pixel value {value}" in printed
        assert files(root / OBJECT) == []

    def test_each_folder(self, root, run, monkeypatch):
        for folder in (
            "coco_stuff164k/annotations",
            "coco/stuffthingmaps",
            "coco-stuff/annotations",
        ):
            datasets = root / folder.partition("/")[0]
            monkeypatch.setenv("DETECTRON2_DATASETS", str(datasets))
            write(datasets / folder / "val2017/1.png", [[0]])
            write(datasets / folder / "val2017/1_labelTrainIds.png", [[170]])
            write(datasets / folder / "val2017/2_instanceTrainIds.png", [[80]])
            assert run(NAME)[0] == 0
            assert files(datasets / OBJECT) == ["1_instanceTrainIds.png"]

    def test_source(self, root, run, tmp_path_factory):
        folder = tmp_path_factory.mktemp("{elsewhere}")
        write(folder / "1.png", [[89]])
        write(root / RAW / "2.png", [[0]])
        assert run(NAME, "--source", str(folder))[0] == 0
        assert files(root / OBJECT) == ["1_instanceTrainIds.png"]

    def test_no_files(self, root, run):
        with pytest.raises(SystemExit) as stop:
            run(NAME)
        assert "or coco/stuffthingmaps/val2017/*.png" in str(stop.value.code)
        with pytest.raises(SystemExit, match="nowhere"):
            run(NAME, "--source", str(root / "nowhere"))

    def test_truncated(self, root, run):
        write(root / RAW / "1.png", np.random.default_rng(0).integers(0, 10, (64, 64)))
        write(root / RAW / "2.png", [[0]])
        truncate(root / RAW / "1.png")
        status, printed = run(NAME)
        assert status == 1
        assert "1.png: cannot be read as a label map" in printed
        assert files(root / OBJECT) == ["2_instanceTrainIds.png"]


def runs(values, compressed=False):
    """Run lengths of a mask, as COCO writes those of crowds or, compressed, of results."""
    rle = coco_mask.encode(np.asfortranarray(np.array(values, dtype=np.uint8)))
    if compressed:
        return {"size": list(map(int, rle["size"])), "counts": rle["counts"].decode()}
    flat, counts, value = np.array(values).flatten(order="F"), [0], 0
    for pixel in flat.tolist():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return {"size": [len(values), len(values[0])], "counts": counts}


class TestFromInstances:
    def instances(self, root, annotations, num_images=1):
        images = [
            {"id": i, "file_name": f"{i:012d}.jpg", "height": 4, "width": 5, "license": 1}
            for i in range(num_images)
        ]
        entries = [
            {"id": i, "image_id": image, "category_id": category, "segmentation": segmentation}
            for i, (image, category, segmentation) in enumerate(annotations)
        ]
        path = root / "instances_val2017.json"
        content = {"info": {}, "images": images, "annotations": entries, "categories": []}
        path.write_text(json.dumps(content))
        return str(path)

    def labels(self, root, image=0):
        return np.array(read(root / OBJECT / f"{image:012d}_instanceTrainIds.png"))

    def test_a_polygon(self, root, run):
        status, printed = run(NAME, "--from-instances", self.instances(root, [(0, 90, [SQUARE])]))
        assert status == 0
        assert "not comparable" in printed
        expected = np.zeros((4, 5), dtype=int)
        expected[1:3, 1:3] = 80
        assert self.labels(root).tolist() == expected.tolist()

    def test_two_polygons_are_one_region(self, root, run):
        other = [4, 0, 5, 0, 5, 4, 4, 4]
        run(NAME, "--from-instances", self.instances(root, [(0, 1, [SQUARE, other])]))
        assert (self.labels(root)[:, 4] == 1).all()
        assert (self.labels(root) == 1).sum() == 8

    def test_the_later_of_two_things_is_on_top(self, root, run):
        everything = [0, 0, 5, 0, 5, 4, 0, 4]
        annotations = [(0, 3, [everything]), (0, 1, [SQUARE])]
        run(NAME, "--from-instances", self.instances(root, annotations))
        assert (self.labels(root)[1:3, 1:3] == 1).all()
        assert (self.labels(root) == 3).sum() == 16
        annotations.reverse()
        run(NAME, "--overwrite", "--from-instances", self.instances(root, annotations))
        assert (self.labels(root) == 3).all()

    def test_a_crowd_is_its_class(self, root, run):
        crowd = [[1, 0, 0, 0, 1], [1, 0, 0, 0, 0], [1, 0, 1, 0, 0], [0, 0, 0, 0, 1]]
        annotations = [(0, 1, runs(crowd)), (1, 1, runs(crowd, compressed=True))]
        run(NAME, "--from-instances", self.instances(root, annotations, num_images=2))
        for image in range(2):
            assert self.labels(root, image).tolist() == crowd

    def test_images_and_annotations_without_pixels(self, root, run):
        annotations = [(1, 1, []), (1, 1, runs(np.zeros((4, 5), dtype=int).tolist()))]
        run(NAME, "--from-instances", self.instances(root, annotations, num_images=2))
        assert not self.labels(root, 0).any()
        assert not self.labels(root, 1).any()

    def test_a_damaged_annotation_names_its_image(self, root, run):
        annotations = [(0, 1, {"size": [9, 9], "counts": [81]}), (1, 1, [SQUARE]), (2, 1, [[1, 2]])]
        path = self.instances(root, annotations, num_images=3)
        status, printed = run(NAME, "--from-instances", path)
        assert status == 1
        assert (
            "000000000000: annotation 0 (category 1) has a segmentation of size [9, 9]" in printed
        )
        assert "000000000002: annotation 0 (category 1) has the polygon [1, 2]" in printed
        assert files(root / OBJECT) == ["000000000001_instanceTrainIds.png"]

    def test_stuff_is_no_instance(self, root, run):
        path = self.instances(root, [(0, 183, [SQUARE])])
        with pytest.raises(SystemExit, match=r"category 183(?s:.*)instances_val2017\.json"):
            run(NAME, "--from-instances", path)

    def test_damaged_and_missing_files(self, root, run):
        other = root / "captions.json"
        other.write_text(json.dumps({"images": [], "annotations": [{"image_id": 1}]}))
        truncated = Path(self.instances(root, [(0, 1, [SQUARE])]))
        truncated.write_text(truncated.read_text()[:-20])
        for path, problem in (
            (other, "another kind of file"),
            (truncated, "no complete JSON"),
            (root / "none.json", r"none\.json"),
        ):
            with pytest.raises(SystemExit, match=problem):
                run(NAME, "--from-instances", str(path))

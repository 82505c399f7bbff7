"""Converted labels are what the benchmarks read: folders, names and values."""

import json

import numpy as np

from freecp_d2.data import BENCHMARKS, load_benchmark, read_label

from .label_files import write

HEIGHT, WIDTH = 2, 6


def labels(key):
    """The only image of a benchmark, as it is scored."""
    (record,) = load_benchmark(BENCHMARKS[key])
    return read_label(record["sem_seg_file_name"], encoding=record["label_encoding"]).tolist()


def source(path, values):
    write(path, [values] * HEIGHT)


def image(path):
    write(path, np.zeros((HEIGHT, WIDTH, 3)))


class TestCoco:
    RAW = [0, 12, 89, 91, 181, 255]

    def test_from_each_folder(self, root, run, monkeypatch):
        for number, (folder, images) in enumerate(
            (
                ("coco_stuff164k/annotations/val2017", "coco_stuff164k/images/val2017"),
                ("coco/stuffthingmaps/val2017", "coco/val2017"),
                ("coco-stuff/annotations/val2017", "coco-stuff/images/val2017"),
            )
        ):
            datasets = root / str(number)
            monkeypatch.setenv("DETECTRON2_DATASETS", str(datasets))
            image(datasets / images / "1.jpg")
            source(datasets / folder / "1.png", self.RAW)
            run("coco_stuff")
            assert labels("coco_stuff") == [[0, 11, 79, 80, 170, 255]] * HEIGHT
            run("coco_object")
            assert labels("coco_object") == [[1, 12, 80, 0, 0, 0]] * HEIGHT

    def test_the_official_files_are_read_without_conversion(self, root):
        image(root / "coco/val2017/1.jpg")
        source(root / "coco/stuffthingmaps/val2017/1.png", self.RAW)
        assert labels("coco_stuff") == [[0, 11, 79, 80, 170, 255]] * HEIGHT
        assert labels("coco_object") == [[1, 12, 80, 0, 0, 0]] * HEIGHT


def test_cityscapes(root, run):
    image(root / "cityscapes/leftImg8bit/val/ulm/a_leftImg8bit.png")
    source(root / "cityscapes/gtFine/val/ulm/a_gtFine_labelIds.png", [7, 8, 33, 0, 9, 255])
    expected = [[0, 1, 18, 255, 255, 255]] * HEIGHT
    assert labels("cityscapes") == expected
    run("cityscapes")
    (record,) = load_benchmark(BENCHMARKS["cityscapes"])
    assert record["sem_seg_file_name"].endswith("labelTrainIds.png")
    assert labels("cityscapes") == expected


def test_ade20k(root, run):
    image(root / "ADEChallengeData2016/images/validation/1.jpg")
    raw = root / "ADEChallengeData2016/annotations/validation/1.png"
    source(raw, [0, 1, 2, 3, 149, 150])
    expected = [[255, 0, 1, 2, 148, 149]] * HEIGHT
    assert labels("ade20k") == expected
    run("ade20k")
    raw.unlink()
    assert labels("ade20k") == expected


def test_pascal_context(root, run):
    folder = root / "VOCdevkit/VOC2010"
    for name in ("2008_000002", "2008_000003"):
        image(folder / f"JPEGImages/{name}.jpg")

    def column(x):
        return [[x, 0, x + 1, 0, x + 1, HEIGHT, x, HEIGHT]]

    size = {"height": HEIGHT, "width": WIDTH, "phase": "val"}
    annotations = [(2, 1), (23, 2), (458, 3), (459, 4)]
    content = {
        "images": [
            {"image_id": 2, "file_name": "2008_000002.jpg", **size},
            {"image_id": 3, "file_name": "2008_000003.jpg", **size},
        ],
        "annos_segmentation": [
            {"image_id": 2, "category_id": category, "segmentation": column(x)}
            for category, x in annotations
        ],
    }
    (folder / "trainval_merged.json").write_text(json.dumps(content))
    run("pascal_context")
    assert labels("context60") == [[0, 1, 6, 59, 0, 0]] * HEIGHT
    assert labels("context59") == [[255, 0, 5, 58, 255, 255]] * HEIGHT

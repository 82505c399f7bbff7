"""Converted labels are what the benchmarks read: folders, names and values."""

import numpy as np

from freecp_d2.data import BENCHMARKS, read_label
from freecp_d2.data.benchmark_files import load_benchmark

from .label_files import write
from .test_prepare_annotations import FOLDER, HEIGHT, WIDTH, rows, write_json

RAW_COCO = [0, 12, 89, 181, 255]


def convert(run, root, name, image, source, values):
    write(root / image, np.zeros((HEIGHT, WIDTH, 3)))
    write(root / source, [values] * HEIGHT)
    assert run(name)[0] == 0


def load(key):
    """The only image of a benchmark: the name of its label file, and a row as it is scored."""
    (record,) = load_benchmark(BENCHMARKS[key])
    path = record["sem_seg_file_name"]
    return path, read_label(path, encoding=record["label_encoding"])[0].tolist()


def test_coco(root, run, monkeypatch):
    for folder, images in (
        ("coco_stuff164k/annotations/val2017", "coco_stuff164k/images/val2017"),
        ("coco/stuffthingmaps/val2017", "coco/val2017"),
        ("coco-stuff/annotations/val2017", "coco-stuff/images/val2017"),
    ):
        datasets = root / folder.partition("/")[0]
        monkeypatch.setenv("DETECTRON2_DATASETS", str(datasets))
        for key, expected in (
            ("coco_stuff", [0, 11, 79, 170, 255]),
            ("coco_object", [1, 12, 80, 0, 0]),
        ):
            convert(run, datasets, key, f"{images}/1.jpg", f"{folder}/1.png", RAW_COCO)
            assert load(key)[1] == expected


def test_cityscapes(root, run):
    image = "cityscapes/leftImg8bit/val/ulm/a_leftImg8bit.png"
    source = "cityscapes/gtFine/val/ulm/a_gtFine_labelIds.png"
    convert(run, root, "cityscapes", image, source, [7, 8, 33, 0, 255])
    path, labels = load("cityscapes")
    assert path.endswith("labelTrainIds.png")
    assert labels == [0, 1, 18, 255, 255]


def test_ade20k(root, run):
    image, source = (
        f"ADEChallengeData2016/{name}/validation/1" for name in ("images", "annotations")
    )
    convert(run, root, "ade20k", f"{image}.jpg", f"{source}.png", [0, 1, 2, 149, 150])
    (root / f"{source}.png").unlink()
    path, labels = load("ade20k")
    assert "annotations_detectron2" in path
    assert labels == [255, 0, 1, 148, 149]


def test_pascal_context(root, run):
    for name in ("2008_000002", "2008_000003"):
        write(root / FOLDER / f"JPEGImages/{name}.jpg", np.zeros((HEIGHT, WIDTH, 3)))
    annotations = [(2, rows(0)), (23, rows(1)), (458, rows(2)), (459, rows(3))]
    images = [("2008_000002", "val", annotations), ("2008_000003", "val", [])]
    write_json(root / FOLDER / "trainval_merged.json", images, "annos_segmentation", "image_id")
    run("pascal_context")
    for key, expected in (("context60", [1, 6, 59, 0]), ("context59", [0, 5, 58, 255])):
        (record,) = load_benchmark(BENCHMARKS[key])
        labels = read_label(record["sem_seg_file_name"], encoding=record["label_encoding"])
        assert labels[:, 0].tolist() == expected

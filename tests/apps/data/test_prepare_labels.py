"""`freecp data prepare` of label files: ade20k, cityscapes, coco_object and coco_stuff."""

import numpy as np
import pytest

from tests.helpers.miniatures import encodings as enc

from .label_files import files, read, truncate, write, write_indexed

ADE = "ADEChallengeData2016"
CITY = "cityscapes/gtFine"
COCO_164K = "coco_stuff164k/annotations/val2017"
COCO_RAW = "coco/stuffthingmaps/val2017"
COCO_CONVERTED = "coco/stuffthingmaps_detectron2/val2017"
OBJECT = "coco_object/annotations/val2017"
COCO_VALUES = [value for value in (*range(182), 255) if value not in enc.COCO_MISSING]


def city_train_ids(values):
    return np.where(values == 255, 255, enc.cityscapes(np.minimum(values, 33)))


EACH_VALUE = {
    # source, target, values, what becomes of them, other values
    "ade20k": (
        f"{ADE}/annotations/validation/{{}}.png",
        f"{ADE}/annotations_detectron2/validation/{{}}.png",
        [*range(151)],
        enc.minus_one,
        [151, 254, 255],
    ),
    "cityscapes": (
        f"{CITY}/val/ulm/{{}}_gtFine_labelIds.png",
        f"{CITY}/val/ulm/{{}}_gtFine_labelTrainIds.png",
        [*range(34), 255],
        city_train_ids,
        [34, 254],
    ),
    "coco_object": (
        f"{COCO_RAW}/{{}}.png",
        f"{OBJECT}/{{}}_instanceTrainIds.png",
        COCO_VALUES,
        enc.coco_object,
        [*enc.COCO_MISSING, 200],
    ),
    "coco_stuff": (
        f"{COCO_RAW}/{{}}.png",
        f"{COCO_CONVERTED}/{{}}.png",
        COCO_VALUES,
        enc.coco_stuff,
        [*enc.COCO_MISSING, 182, 254],
    ),
}


@pytest.mark.parametrize("name", EACH_VALUE)
def test_each_value(root, run, name):
    """Files with a value of another list are named, and the others are converted."""
    source, target, values, encode, others = EACH_VALUE[name]
    values = np.array([values], np.uint8)
    write(root / source.format("good"), values)
    for other in others:
        write(root / source.format(other), [[values[0, 0], other]])
    status, printed = run(name)
    assert status == 1
    assert read(root / target.format("good")) == encode(values).tolist()
    for other in others:
        assert f"{root / source.format(other)}: pixel value {other}; expected" in printed
        assert not (root / target.format(other)).exists()


def test_no_files(root, run):
    for name, parts in {
        "ade20k": (f"{ADE}/annotations/validation/*.png", "csail"),
        "cityscapes": ("val/*_gtFine_labelIds.png", "cityscapes-data"),
        "coco_object": (f"or {COCO_RAW}/*.png", "nightrome"),
        "coco_stuff": (COCO_164K, COCO_RAW, "coco-stuff/annotations/val2017", "nightrome"),
    }.items():
        with pytest.raises(SystemExit) as stop:
            run(name)
        for part in (*parts, str(root), "datasets/README.md", "--root", "DETECTRON2_DATASETS"):
            assert part in str(stop.value.code)


def test_splits_and_roots(root, run, tmp_path_factory):
    write(root / f"ade/{ADE}/annotations/training/1.png", [[150]])
    run("ade20k", "--split", "train")
    assert read(root / f"ade/{ADE}/annotations_detectron2/training/1.png") == [[149]]
    write(root / f"{CITY}/train/ulm/a_gtFine_labelIds.png", [[8]])
    run("cityscapes", "--split", "train")
    assert read(root / f"{CITY}/train/ulm/a_gtFine_labelTrainIds.png") == [[1]]
    for split, name in (("val", "1"), ("train", "9")):
        write(root / f"coco/stuffthingmaps/{split}2017/{name}.png", [[12]])
        run("coco_stuff", "--split", split)
    converted = files(root / "coco/stuffthingmaps_detectron2")
    assert converted == ["train2017/9.png", "val2017/1.png"]
    other = tmp_path_factory.mktemp("other")
    write(other / COCO_RAW / "1.png", [[12]])
    run("coco_stuff", "--root", str(other))
    assert read(other / COCO_CONVERTED / "1.png") == [[11]]


def test_a_folder_for_each_city(root, run):
    for name in ("lindau/a", "munster/b"):
        path = root / CITY / "val" / name
        write(path.with_name(f"{path.name}_gtFine_labelIds.png"), [[7]])
        write(path.with_name(f"{path.name}_gtFine_instanceIds.png"), [[7]], dtype=np.uint16)
        write(path.with_name(f"{path.name}_gtFine_color.png"), np.zeros((1, 1, 3)))
    run("cityscapes")
    found = [name for name in files(root / CITY / "val") if "Train" in name]
    assert found == [f"{name}_gtFine_labelTrainIds.png" for name in ("lindau/a", "munster/b")]
    assert run("cityscapes")[1].startswith("0 files written")


def test_layouts_of_coco_stuff(root, run):
    write(root / "coco-stuff/annotations/val2017/1.png", [[12]])
    run("coco_stuff")
    assert read(root / "coco-stuff/annotations_detectron2/val2017/1.png") == [[11]]
    write(root / COCO_164K / "1.png", [[12]])
    write(root / COCO_164K / "2_labelTrainIds.png", [[11]])  # of an earlier run
    write(root / COCO_164K / "2_instanceTrainIds.png", [[0]])
    write(root / COCO_164K / ".hidden.png", [[0]])
    write(root / COCO_RAW / "3.png", [[0]])
    assert run("coco_stuff")[0] == 0
    results = ["1_labelTrainIds.png", "2_instanceTrainIds.png", "2_labelTrainIds.png"]
    assert files(root / COCO_164K) == [".hidden.png", "1.png", *results]
    assert read(root / COCO_164K / "1_labelTrainIds.png") == [[11]]
    assert not (root / COCO_CONVERTED).exists()


def test_source_of_coco_object(root, run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("{elsewhere}")
    write(folder / "1.png", [[89]])
    write(root / COCO_RAW / "2.png", [[0]])
    assert run("coco_object", "--source", str(folder))[0] == 0
    assert files(root / OBJECT) == ["1_instanceTrainIds.png"]
    with pytest.raises(SystemExit, match="nowhere"):
        run("coco_object", "--source", str(root / "nowhere"))


def test_unusable_files_are_named_and_the_others_converted(root, run):
    write_indexed(root / COCO_RAW / "1.png", [[0, 91], [181, 255]])
    write(root / COCO_RAW / "2.png", np.random.default_rng(0).integers(0, 10, (64, 64)))
    truncate(root / COCO_RAW / "2.png")
    write(root / COCO_RAW / "3.png", np.zeros((2, 2, 3)))
    (root / COCO_RAW / "4.png").write_bytes(b"not an image")
    write(root / COCO_RAW / "5.png", [[300]], dtype=np.uint16)
    write(root / COCO_RAW / "6.png", [[0, 181]], dtype=np.uint16)
    status, printed = run("coco_stuff")
    assert status == 1
    assert "2 files written" in printed
    assert "4 could not be converted" in printed
    for name, problem in [("2", "truncated"), ("3", "RGB"), ("4", "label map"), ("5", "300")]:
        (line,) = [line for line in printed.splitlines() if f"{name}.png: " in line]
        assert problem in line
    assert files(root / COCO_CONVERTED) == ["1.png", "6.png"]
    assert read(root / COCO_CONVERTED / "1.png") == [[0, 80], [170, 255]]
    assert read(root / COCO_CONVERTED / "6.png") == [[0, 170]]


def test_a_repeated_run_converts_repaired_files_only(root, run):
    write(root / COCO_RAW / "1.png", [[0]])
    write(root / COCO_RAW / "2.png", [[11]])
    assert run("coco_stuff")[0] == 1
    write(root / COCO_RAW / "1.png", [[5]])
    write(root / COCO_RAW / "2.png", [[12]])
    status, printed = run("coco_stuff")
    assert status == 0
    assert "1 files written" in printed
    assert "1 were there already" in printed
    assert read(root / COCO_CONVERTED / "1.png") == [[0]]
    assert read(root / COCO_CONVERTED / "2.png") == [[11]]
    run("coco_stuff", "--overwrite")
    assert read(root / COCO_CONVERTED / "1.png") == [[5]]

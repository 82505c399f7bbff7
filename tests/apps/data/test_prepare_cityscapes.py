"""datasets/prepare_cityscapes.py on label maps made by hand."""

import numpy as np
import pytest

from .label_files import files, read, write

SCRIPT = "prepare_cityscapes"
VAL = "cityscapes/gtFine/val"
SCORED = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]


def test_each_value(root, run):
    name = "frankfurt/frankfurt_000000_000294_gtFine"
    write(root / VAL / f"{name}_labelIds.png", [[*range(34), 255]])
    assert run(SCRIPT)[0] == 0
    expected = [SCORED.index(value) if value in SCORED else 255 for value in range(34)]
    assert read(root / VAL / f"{name}_labelTrainIds.png") == [[*expected, 255]]


@pytest.mark.parametrize(("raw", "train"), [(7, 0), (23, 10), (24, 11), (33, 18), (0, 255)])
def test_known_ones(root, run, raw, train):
    write(root / VAL / "ulm/a_gtFine_labelIds.png", [[raw]])
    run(SCRIPT)
    assert read(root / VAL / "ulm/a_gtFine_labelTrainIds.png") == [[train]]


def test_a_city_each(root, run):
    for name in ("lindau/a", "munster/b"):
        write(root / VAL / f"{name}_gtFine_labelIds.png", [[7]])
        write(root / VAL / f"{name}_gtFine_instanceIds.png", [[7]], dtype=np.uint16)
        write(root / VAL / f"{name}_gtFine_color.png", np.zeros((1, 1, 3)))
    run(SCRIPT)
    converted = [name for name in files(root / VAL) if "Train" in name]
    assert converted == ["lindau/a_gtFine_labelTrainIds.png", "munster/b_gtFine_labelTrainIds.png"]
    assert run(SCRIPT)[1].startswith("0 files written")


def test_train(root, run):
    write(root / "cityscapes/gtFine/train/ulm/a_gtFine_labelIds.png", [[8]])
    run(SCRIPT, "--split", "train")
    assert read(root / "cityscapes/gtFine/train/ulm/a_gtFine_labelTrainIds.png") == [[1]]


def test_values_of_another_list(root, run):
    bad = write(root / VAL / "ulm/a_gtFine_labelIds.png", [[34]])
    status, printed = run(SCRIPT)
    assert status == 1
    assert f"{bad}: pixel value 34" in printed


def test_nothing_there(root, run):
    (root / VAL / "lindau").mkdir(parents=True)
    with pytest.raises(SystemExit, match=r"val/\*_gtFine_labelIds.png(?s:.*)cityscapes-data"):
        run(SCRIPT)

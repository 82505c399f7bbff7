"""datasets/prepare_ade20k.py on label maps made by hand."""

import pytest

from .label_files import files, read, write

SCRIPT = "prepare_ade20k"
RAW = "ADEChallengeData2016/annotations/validation"
SHIFTED = "ADEChallengeData2016/annotations_detectron2/validation"


def test_each_value(root, run):
    write(root / RAW / "ADE_val_00000001.png", [list(range(151))])
    assert run(SCRIPT)[0] == 0
    assert read(root / SHIFTED / "ADE_val_00000001.png") == [[255, *range(150)]]


@pytest.mark.parametrize(
    ("value", "cause"),
    [(255, "already shifted"), (254, "shifted twice"), (151, "another list of classes")],
)
def test_what_is_not_official(root, run, value, cause):
    bad = write(root / RAW / "1.png", [[0, 3, value]])
    write(root / RAW / "2.png", [[0, 3]])
    status, printed = run(SCRIPT)
    assert status == 1
    assert f"{bad}: pixel value {value}" in printed
    assert cause in printed
    assert files(root / SHIFTED) == ["2.png"]


def test_mmsegmentation(root, run):
    write(root / "ade" / RAW / "1.png", [[150]])
    run(SCRIPT)
    assert read(root / "ade" / SHIFTED / "1.png") == [[149]]


def test_train(root, run):
    write(root / RAW.replace("validation", "training") / "1.png", [[1]])
    run(SCRIPT, "--split", "train")
    assert read(root / SHIFTED.replace("validation", "training") / "1.png") == [[0]]


def test_nothing_there(root, run):
    with pytest.raises(SystemExit, match=r"annotations/validation/\*.png(?s:.*)csail"):
        run(SCRIPT)

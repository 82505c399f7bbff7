"""Tables of classes and of confusions, read cell by cell."""

import pytest

from freecp_d2.evaluation import Confusion, confusions_table, per_class_table


def cells_of(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_table_reads_down_then_right():
    metrics = {"mIoU": 1.0}
    for i in range(7):
        metrics |= {f"IoU-c{i}": 10.0 * i, f"ACC-c{i}": 5.126}
    metrics["IoU-c4"] = float("nan")
    table = per_class_table({"sem_seg": metrics})
    cells = cells_of(table)
    assert cells[0] == ["class", "IoU", "ACC"] * 3
    assert cells[2] == ["c0", "0.00", "5.13", "c3", "30.00", "5.13", "c6", "60.00", "5.13"]
    assert cells[3] == ["c1", "10.00", "5.13", "c4", "-", "5.13", "", "", ""]
    assert len(cells) == 2 + 3
    assert per_class_table(metrics) == table


@pytest.mark.parametrize("num_classes", [1, 2, 150])
def test_table_of_any_length(num_classes):
    metrics = {f"{kind}-class {i}": 1.0 for i in range(num_classes) for kind in ("IoU", "ACC")}
    table = per_class_table(metrics)
    assert len(table.splitlines()) == 2 + -(-num_classes // 3)
    assert all(f"class {i} " in table for i in range(num_classes))


def test_table_needs_classes():
    with pytest.raises(ValueError, match="IoU-<class>"):
        per_class_table({"sem_seg": {"mIoU": 1.0}})


def test_table_of_confusions():
    found = [Confusion("cat", "dog", 1234567, 12.345, 50.0), Confusion("sky", "cat", 9, 0.04, 0.0)]
    header, _, *rows = cells_of(confusions_table(found))
    assert header == ["true", "predicted", "pixels", "% of the true class", "% of all errors"]
    assert rows == [["cat", "dog", "1234567", "12.3", "50.0"], ["sky", "cat", "9", "0.0", "0.0"]]


def test_table_of_no_confusion():
    assert confusions_table([]) == "none: every pixel that is scored is right"

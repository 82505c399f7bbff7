"""The result files of a dataset, read back, and the tables of the log."""

import csv

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.evaluation import Confusion, confusions_table, per_class_table, reports
from freecp_d2.evaluation.reports import write_reports

NAMES = ["cat", "dog, big", "sky"]
MATRIX = np.array([[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
RESULTS = {"mIoU": 41.5} | {
    f"{kind}-{name}": value
    for kind in ("IoU", "ACC")
    for name, value in zip(NAMES, (50.0, 33.25, float("nan")), strict=True)
}


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def cells_of(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_files(tmp_path):
    folder = tmp_path / "new" / "folder"
    write_reports(str(folder), RESULTS, MATRIX, NAMES, "a title")
    assert {path.name for path in folder.iterdir()} == {
        *("sem_seg_evaluation.pth", "per_class.txt", "per_class.csv", "confusions.csv"),
        *("confusion_matrix.npy", "confusion_matrix.csv", "confusion_matrix.png"),
    }
    assert (folder / "per_class.txt").read_text() == per_class_table(RESULTS) + "\n"
    values = [["50.0"] * 2, ["33.25"] * 2, ["nan"] * 2]
    expected = [[name, *pair] for name, pair in zip(NAMES, values, strict=True)]
    assert rows_of(folder / "per_class.csv") == [["class", "IoU", "ACC"], *expected]
    saved = torch.load(folder / "sem_seg_evaluation.pth", weights_only=False)
    np.testing.assert_equal(saved, RESULTS)
    assert np.load(folder / "confusion_matrix.npy").tolist() == MATRIX.tolist()
    names = [*NAMES, "ignored"]
    assert rows_of(folder / "confusion_matrix.csv") == [
        ["prediction \\ ground truth", *names],
        *([name, *map(str, row)] for name, row in zip(names, MATRIX.tolist(), strict=True)),
    ]
    assert rows_of(folder / "confusions.csv") == [
        ["true", "predicted", "pixels", "percent_of_true", "percent_of_errors"],
        ["cat", "dog, big", "1", "33.3333", "50.0000"],
        ["dog, big", "cat", "1", "50.0000", "50.0000"],
    ]
    with Image.open(folder / "confusion_matrix.png") as image:
        image.load()


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "confusions.csv").mkdir()
    with pytest.raises(OSError, match=r"confusions\.csv"):
        write_reports(str(tmp_path), RESULTS, MATRIX, NAMES, "a title")


def test_the_image_shows_classes_that_occur(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(reports, "write_heatmap", lambda *args, **kw: drawn.append((args, kw)))
    sky_predicted = [[2, 1, 0, 0], [0, 0, 0, 3], [1, 1, 0, 0], [0, 0, 0, 0]]
    for matrix, rows, columns, absent in (
        (MATRIX, NAMES[:2], NAMES[:2], 1),
        (sky_predicted, NAMES[:2], NAMES, 1),
        (np.diag([1, 1, 1, 0]), NAMES, NAMES, 0),
        (np.zeros((4, 4)), NAMES, NAMES, 0),  # nothing scored
    ):
        write_reports(str(tmp_path), RESULTS, np.asarray(matrix, np.int64), NAMES, "a title")
        (_, values, *names), options = drawn.pop()
        assert names == [rows, columns]
        left_out = f" (left out, without ground truth: {absent})" if absent else ""
        assert options["title"] == "a title" + left_out
        assert values.shape == (len(rows), len(columns))
        assert np.isnan(values).all() or values.sum(axis=1) == pytest.approx(100)


def test_per_class_table_reads_down_then_right():
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
    assert "c0" in per_class_table({"IoU-c0": 1.0, "ACC-c0": 1.0})
    with pytest.raises(ValueError, match="IoU-<class>"):
        per_class_table({"sem_seg": {"mIoU": 1.0}})


def test_confusions_table():
    found = [Confusion("cat", "dog", 1234567, 12.345, 50.0), Confusion("sky", "cat", 9, 0.04, 0.0)]
    header, _, *rows = cells_of(confusions_table(found))
    assert header == ["true", "predicted", "pixels", "% of the true class", "% of all errors"]
    assert rows == [["cat", "dog", "1234567", "12.3", "50.0"], ["sky", "cat", "9", "0.0", "0.0"]]
    assert "|" not in confusions_table([])

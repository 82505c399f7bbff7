"""The files of a dataset, read back."""

import csv

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.evaluation import heatmap, per_class_table
from freecp_d2.evaluation.reports import write_reports

NAMES = ["cat", "dog, big", "sky"]
MATRIX = np.array([[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
RESULTS = {"mIoU": 41.5} | {
    f"{kind}-{name}": value
    for kind in ("IoU", "ACC")
    for name, value in zip(NAMES, (50.0, 33.25, float("nan")), strict=True)
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports") / "new" / "folder"
    write_reports(str(folder), RESULTS, MATRIX, NAMES, "a title")
    return folder


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_classes(folder):
    assert (folder / "per_class.txt").read_text() == per_class_table(RESULTS) + "\n"
    header, *rows = rows_of(folder / "per_class.csv")
    assert header == ["class", "IoU", "ACC"]
    assert [row[0] for row in rows] == NAMES
    assert float(rows[1][1]) == 33.25
    assert np.isnan(float(rows[2][1]))


def test_metrics(folder):
    saved = torch.load(folder / "sem_seg_evaluation.pth", weights_only=False)
    np.testing.assert_equal(saved, RESULTS)


def test_confusion_matrix(folder):
    assert np.load(folder / "confusion_matrix.npy").tolist() == MATRIX.tolist()
    header, *rows = rows_of(folder / "confusion_matrix.csv")
    assert header == ["prediction \\ ground truth", *NAMES, "ignored"]
    assert [row[0] for row in rows] == [*NAMES, "ignored"]
    assert [[int(cell) for cell in row[1:]] for row in rows] == MATRIX.tolist()


def test_confusions(folder):
    assert rows_of(folder / "confusions.csv") == [
        ["true", "predicted", "pixels", "percent_of_true", "percent_of_errors"],
        ["cat", "dog, big", "1", "33.3333", "50.0000"],
        ["dog, big", "cat", "1", "50.0000", "50.0000"],
    ]


def test_image(folder):
    with Image.open(folder / "confusion_matrix.png") as image:
        image.load()
        assert image.format == "PNG"


@pytest.mark.parametrize(
    ("matrix", "rows", "columns", "title"),
    [
        (  # sky is never scored
            MATRIX,
            NAMES[:2],
            NAMES[:2],
            "a title (left out, without ground truth: 1)",
        ),
        (  # sky is predicted, dog is not
            [[2, 1, 0, 0], [0, 0, 0, 3], [1, 1, 0, 0], [0, 0, 0, 0]],
            NAMES[:2],
            NAMES,
            "a title (left out, without ground truth: 1)",
        ),
        (np.diag([1, 1, 1, 0]), NAMES, NAMES, "a title"),
        (np.zeros((4, 4)), NAMES, NAMES, "a title"),
    ],
)
def test_the_image_shows_what_occurs(tmp_path, monkeypatch, matrix, rows, columns, title):
    drawn = []
    monkeypatch.setattr(heatmap, "write_heatmap", lambda *args, **kw: drawn.append((args, kw)))
    write_reports(str(tmp_path), RESULTS, np.asarray(matrix, np.int64), NAMES, "a title")
    (((_, values, *names), options),) = drawn
    assert names == [rows, columns]
    assert options["title"] == title
    assert values.shape == (len(rows), len(columns))
    assert np.isnan(values).all() or values.sum(axis=1) == pytest.approx(100)


def test_nothing_else(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("sem_seg_evaluation.pth", "per_class.txt", "per_class.csv", "confusions.csv"),
        *("confusion_matrix.npy", "confusion_matrix.csv", "confusion_matrix.png"),
    }

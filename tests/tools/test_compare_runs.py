"""tools/compare_runs.py on the stored counts of two images."""

import numpy as np
import pytest

from freecp_d2.evaluation.partial import ImageResult, StoredResult, append_result, sparse_counts
from tests.helpers.wrapped import load_tool

DATASET = "own_val"


@pytest.fixture(scope="module")
def tool():
    return load_tool("compare_runs")


def write_run(folder, images):
    """Store images: name -> confusion matrix, (K+1, K+1), rows are predictions."""
    matrices = folder / "inference" / DATASET
    matrices.mkdir(parents=True)
    np.save(matrices / "confusion_matrix.npy", sum(images.values()))
    (folder / "partial").mkdir()
    for name, matrix in images.items():
        result = ImageResult(sparse_counts(matrix), image=name)
        append_result(folder / "partial" / "a.jsonl", StoredResult(DATASET, name, [], result))
    return folder


@pytest.fixture
def runs(tmp_path):
    """Classes 0 and 1, 10 pixels each in an image and 7 ignored ones; the second run is right."""
    half, right = (np.array([[5, 5, 3], [5, 5, 4], [0, 0, 0]]), np.diag([10, 10, 0]))
    right[1, 2] = 7
    return [
        write_run(tmp_path / name, {"a.jpg": first, "b.jpg": right})
        for name, first in (("half", half), ("right", right))
    ]


def test_the_table(tool, runs, capsys):
    tool.main([str(run) for run in runs])
    table = capsys.readouterr().out
    # Of resamples, one in four has only "a.jpg", whose mIoU is 33.3, and one in four only "b.jpg".
    assert "60.0" in table
    assert "+40.0 [+0.0, +66.7]" in table


def test_other_images(tool, runs, tmp_path):
    other = write_run(tmp_path / "other", {"c.jpg": np.diag([1, 1, 0])})
    with pytest.raises(SystemExit, match=r"1 images .* 2, of which 0"):
        tool.main([str(runs[0]), str(other)])
    with pytest.raises(SystemExit):
        tool.main([str(runs[0]), str(tmp_path / "none")])

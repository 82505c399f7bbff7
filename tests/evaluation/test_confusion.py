"""Means and confusions of small matrices, counted by hand."""

import numpy as np
import pytest

from freecp_d2.evaluation import Confusion, find_confusions, mean_iou_mmseg
from freecp_d2.evaluation.confusion import only_predicted, shares_of_truth

NAMES = ["cat", "dog", "sky", "sea"]
# Rows: predicted; columns: true; the last of each is "ignored". No pixel is truly sky or sea.
MATRIX = np.array(
    [
        [6, 2, 0, 0, 1],
        [1, 4, 0, 0, 0],
        [1, 2, 0, 0, 9],
        [0, 0, 0, 0, 7],
        [0, 0, 0, 0, 0],
    ]
)


def matrix_of(*pixels):
    """(K+1, K+1) of pixels[true][predicted]."""
    matrix = np.zeros((len(pixels) + 1,) * 2, np.int64)
    matrix[:-1, :-1] = np.array(pixels).T
    return matrix


def test_mean_iou_by_hand():
    # cat: 6 correct, 8 true, 8 predicted; dog: 4, 8, 5; sky: 0, 0, 3; sea only where ignored.
    assert mean_iou_mmseg(MATRIX) == pytest.approx(100 * (6 / 10 + 4 / 9 + 0) / 3)
    complete = matrix_of([2, 1, 0], [0, 1, 1], [0, 0, 3])
    assert mean_iou_mmseg(complete) == pytest.approx(100 * (2 / 3 + 1 / 3 + 3 / 4) / 3)
    never_right = matrix_of([0, 5], [0, 5])
    assert mean_iou_mmseg(never_right) == pytest.approx(100 * (0 + 1 / 2) / 2)
    all_ignored = np.zeros((3, 3), np.int64)
    all_ignored[0, 2] = 5
    assert np.isnan(mean_iou_mmseg(all_ignored))


def test_classes_that_are_only_predicted():
    assert only_predicted(MATRIX) == [2]
    assert only_predicted(matrix_of([1, 2, 5], [0, 0, 0], [0, 0, 0])) == [2, 1]


def test_shares_of_truth_have_true_classes_as_rows():
    expected = [[75, 12.5, 12.5, 0], [25, 50, 25, 0], [np.nan] * 4, [np.nan] * 4]
    np.testing.assert_allclose(shares_of_truth(MATRIX), expected)


def test_confusions_by_hand():
    before = MATRIX.copy()
    assert find_confusions(MATRIX, NAMES) == [
        Confusion("dog", "cat", 2, 25.0, pytest.approx(100 / 3)),
        Confusion("dog", "sky", 2, 25.0, pytest.approx(100 / 3)),
        Confusion("cat", "dog", 1, 12.5, pytest.approx(100 / 6)),
        Confusion("cat", "sky", 1, 12.5, pytest.approx(100 / 6)),
    ]
    assert [c.pixels for c in find_confusions(MATRIX, NAMES, limit=3)] == [2, 2, 1]
    assert len(find_confusions(MATRIX, NAMES, limit=99)) == 4
    assert find_confusions(matrix_of([3, 0], [0, 2]), ["cat", "dog"]) == []
    assert (before == MATRIX).all()
    with pytest.raises(ValueError, match=r"\(5, 5\).*5 names"):
        find_confusions(MATRIX, [*NAMES, "ignored"])

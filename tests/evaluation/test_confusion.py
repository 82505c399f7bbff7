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


class TestMeanIoU:
    def test_by_hand(self):
        # cat: 6 right, 8 true, 8 predicted; dog: 4, 8, 5; sky: 0, 0, 3; sea only where ignored.
        expected = 100 * (6 / 10 + 4 / 9 + 0) / 3
        assert mean_iou_mmseg(MATRIX) == pytest.approx(expected)
        assert isinstance(mean_iou_mmseg(MATRIX), float)

    def test_every_class_is_true(self):
        matrix = matrix_of([2, 1, 0], [0, 1, 1], [0, 0, 3])
        assert mean_iou_mmseg(matrix) == pytest.approx(100 * (2 / 3 + 1 / 3 + 3 / 4) / 3)

    def test_a_true_class_that_is_never_right_counts_0(self):
        assert mean_iou_mmseg(matrix_of([0, 5], [0, 5])) == pytest.approx(100 * (0 + 1 / 2) / 2)

    def test_nothing_is_scored(self):
        matrix = np.zeros((3, 3), np.int64)
        matrix[0, 2] = 5
        assert np.isnan(mean_iou_mmseg(matrix))

    def test_it_is_the_mean_of_a_label_by_label_count(self):
        """As mmsegmentation counts: pixels by pixels, ignored ones taken out first."""
        rng = np.random.default_rng(0)
        true, predicted = rng.integers(0, 4, 500), rng.integers(0, 6, 500)
        ignored = rng.random(500) < 0.2
        matrix = np.zeros((8, 8), np.int64)  # class 6 is nowhere
        np.add.at(matrix, (predicted, np.where(ignored, 7, true)), 1)
        a, b = true[~ignored], predicted[~ignored]
        unions = [((a == k) | (b == k)).sum() for k in range(7)]
        iou = [((a == k) & (b == k)).sum() / unions[k] if unions[k] else np.nan for k in range(7)]
        assert mean_iou_mmseg(matrix) == pytest.approx(100 * np.nanmean(iou))


class TestOnlyPredicted:
    def test_by_hand(self):
        assert only_predicted(MATRIX) == [2]

    def test_most_pixels_first(self):
        assert only_predicted(matrix_of([1, 2, 5], [0, 0, 0], [0, 0, 0])) == [2, 1]


class TestShares:
    def test_rows_are_true_classes(self):
        shares = shares_of_truth(MATRIX)
        expected = np.full((4, 4), np.nan)
        expected[:2] = [[75, 12.5, 12.5, 0], [25, 50, 25, 0]]
        np.testing.assert_allclose(shares, expected)


class TestFindConfusions:
    def test_by_hand(self):
        assert find_confusions(MATRIX, NAMES) == [
            Confusion("dog", "cat", 2, 25.0, pytest.approx(100 / 3)),
            Confusion("dog", "sky", 2, 25.0, pytest.approx(100 / 3)),
            Confusion("cat", "dog", 1, 12.5, pytest.approx(100 / 6)),
            Confusion("cat", "sky", 1, 12.5, pytest.approx(100 / 6)),
        ]

    def test_limit(self):
        assert [c.pixels for c in find_confusions(MATRIX, NAMES, limit=3)] == [2, 2, 1]
        assert len(find_confusions(MATRIX, NAMES, limit=99)) == 4

    def test_all_right(self):
        assert find_confusions(matrix_of([3, 0], [0, 2]), ["cat", "dog"]) == []

    def test_the_matrix_is_left_alone(self):
        before = MATRIX.copy()
        find_confusions(MATRIX, NAMES)
        assert (before == MATRIX).all()

    def test_shares_of_errors_add_up(self):
        matrix = np.random.default_rng(1).integers(0, 50, (8, 8))
        found = find_confusions(matrix, list("abcdefg"))
        assert sum(c.percent_of_errors for c in found) == pytest.approx(100)

    def test_names_that_do_not_fit(self):
        with pytest.raises(ValueError, match=r"shape \(5, 5\).*5 names given"):
            find_confusions(MATRIX, [*NAMES, "ignored"])

import pytest
import torch

from freecp_d2.method import pairwise_soft_iou, spatial_consistency

from .helpers import draw, rand

# Two maps; SC as redundancy uses it, sum(a * b) / (sum a + sum b); and the soft IoU of ambiguity.
PAIRS = [
    (("#5", ".."), ("5#", ".#"), 1 / 4, 1 / 3),  # (1/2 + 1/2) / (3/2 + 5/2); (1/2 + 1/2) / 3
    (("##", ".."), ("##", ".."), 1 / 2, 1.0),  # a region with itself
    (("##", ".."), ("..", "##"), 0.0, 0.0),  # disjoint
    (("##", "##"), ("55", "55"), 1 / 3, 1 / 2),  # 2 / 6; 2 / 4
    (("55", "55"), ("55", "55"), 1 / 4, 1.0),  # a faint map with itself
    (("##", ".."), ("#.", "#."), 1 / 4, 1 / 3),
    (("##", "##"), ("#.", ".."), 1 / 5, 1 / 4),  # a part of the other
    (("##", "##"), ("..", ".."), 0.0, 0.0),
    (("..", ".."), ("..", ".."), 0.0, 0.0),  # both empty: zero, no NaN
]


def test_spatial_consistency_by_hand():
    for a, b, expected, _ in PAIRS:
        a, b = draw(*a), draw(*b)
        for score in (spatial_consistency(a, b), spatial_consistency(b, a)):
            assert score.item() == pytest.approx(expected, abs=1e-7)


def test_soft_iou_by_hand():
    for a, b, _, expected in PAIRS:
        iou = pairwise_soft_iou(torch.stack([draw(*a), draw(*b)])[None])
        assert iou[0, 0, 1].item() == pytest.approx(expected, abs=1e-7)
        assert iou[0, 1, 0].item() == pytest.approx(expected, abs=1e-7)


def test_leading_dimensions_broadcast():
    a, b = rand(3, 1, 4, 5), rand(1, 2, 4, 5, seed=1)
    score = spatial_consistency(a, b)
    assert score.shape == (3, 2)
    for i in range(3):
        for j in range(2):
            torch.testing.assert_close(score[i, j], spatial_consistency(a[i, 0], b[0, j]))


def test_another_grid_raises():
    for b_shape in ((3, 4), (4, 2), (12,), (4, 3, 1)):
        with pytest.raises(ValueError, match=r"maps on one grid, got \(4, 3\) and .*; resize one"):
            spatial_consistency(rand(4, 3), rand(*b_shape))

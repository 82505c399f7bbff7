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


def test_soft_iou_equals_a_double_loop_over_classes():
    for shape in ((2, 5, 4, 6), (1, 1, 3, 3), (3, 2, 1, 1), (1, 7, 24, 24)):
        maps = rand(*shape)
        maps[:, shape[1] // 2] *= maps[:, 0] > 0.5  # one with holes
        maps[:, -1] = maps[:, 0]  # a twin, or the map itself
        maps = torch.cat([maps, torch.zeros_like(maps[:, :1])], dim=1)  # an empty one: always 0
        iou = pairwise_soft_iou(maps)
        for window, scores in zip(maps, iou, strict=True):
            for i, a in enumerate(window):
                for j, b in enumerate(window):
                    direct = torch.minimum(a, b).sum() / torch.maximum(a, b).sum().clamp(min=1e-8)
                    # Differences of sums of a few hundred float32 values below one.
                    torch.testing.assert_close(scores[i, j], direct, rtol=0, atol=2e-6)

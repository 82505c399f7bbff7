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


@pytest.mark.parametrize(("a", "b", "expected", "_"), PAIRS)
def test_spatial_consistency_by_hand(a, b, expected, _):
    a, b = draw(*a), draw(*b)
    for score in (spatial_consistency(a, b), spatial_consistency(b, a)):
        assert score.item() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(("a", "b", "_", "expected"), PAIRS)
def test_soft_iou_by_hand(a, b, _, expected):
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


def test_where_the_patches_are_does_not_matter():
    a, b = rand(2, 3, 4, 5), rand(2, 3, 4, 5, seed=1)
    torch.testing.assert_close(
        spatial_consistency(a.flip(-1).transpose(-1, -2), b.flip(-1).transpose(-1, -2)),
        spatial_consistency(a, b),
    )
    torch.testing.assert_close(
        pairwise_soft_iou(a.flip(-1).transpose(-1, -2)), pairwise_soft_iou(a), rtol=0, atol=1e-6
    )


def test_bounds():
    a, b = rand(50, 4, 5) ** 3, rand(50, 4, 5, seed=1) ** 3
    score = spatial_consistency(a, b)
    assert score.min() > 0
    assert score.max() < 0.5
    iou = pairwise_soft_iou(a[None])
    assert iou.min() > 0
    assert iou.max() <= 1


@pytest.mark.parametrize("b_shape", [(3, 4), (4, 2), (12,), (4, 3, 1)])
def test_another_grid_raises(b_shape):
    with pytest.raises(ValueError, match=r"maps on one grid, got \(4, 3\) and .*; resize one"):
        spatial_consistency(rand(4, 3), rand(*b_shape))


@pytest.mark.parametrize("shape", [(2, 5, 4, 6), (1, 1, 3, 3), (3, 2, 1, 1), (1, 7, 24, 24)])
def test_soft_iou_is_the_double_loop(shape):
    maps = rand(*shape)
    maps[:, shape[1] // 2] *= maps[:, 0] > 0.5  # one with holes
    maps[:, -1] = maps[:, 0]  # a twin, or the map itself
    iou = pairwise_soft_iou(maps)
    assert iou.shape == (shape[0], shape[1], shape[1])
    for window, scores in zip(maps, iou, strict=True):
        for i, a in enumerate(window):
            for j, b in enumerate(window):
                direct = torch.minimum(a, b).sum() / torch.maximum(a, b).sum()
                # Differences of sums of a few hundred float32 values below one.
                torch.testing.assert_close(scores[i, j], direct, rtol=0, atol=2e-6)


def test_soft_iou_of_sets_is_their_jaccard_index():
    sets = rand(1, 6, 5, 7) > 0.6
    iou = pairwise_soft_iou(sets.float())[0]
    for i in range(6):
        for j in range(6):
            a, b = sets[0, i], sets[0, j]
            assert iou[i, j] == (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize("gain", [0.25, 0.5, 1.0])
def test_soft_iou_of_a_fainter_copy_is_the_gain(gain):
    maps = rand(2, 1, 4, 5)
    iou = pairwise_soft_iou(torch.cat([maps, gain * maps], dim=1))
    torch.testing.assert_close(iou[:, 0, 1], torch.full((2,), gain), rtol=0, atol=1e-6)


def test_soft_iou_is_symmetric_and_one_on_the_diagonal():
    maps = rand(2, 5, 4, 6)
    maps[1, 3] = 0
    iou = pairwise_soft_iou(maps)
    torch.testing.assert_close(iou, iou.transpose(1, 2))
    expected = torch.ones(2, 5)
    expected[1, 3] = 0  # an empty map coincides with nothing, not even itself
    torch.testing.assert_close(iou.diagonal(dim1=1, dim2=2), expected)


def test_soft_iou_follows_the_order_of_classes_and_windows():
    maps, order = rand(3, 4, 4, 6), [2, 0, 3, 1]
    iou = pairwise_soft_iou(maps)
    torch.testing.assert_close(pairwise_soft_iou(maps[:, order]), iou[:, order][:, :, order])
    torch.testing.assert_close(pairwise_soft_iou(maps.flip(0)), iou.flip(0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("device", ["cpu", "meta"])  # "meta" rejects a tensor made on the CPU
def test_dtype_and_device_are_kept(dtype, device):
    maps = rand(2, 3, 4, 5).to(device, dtype)
    score, iou = spatial_consistency(maps, maps), pairwise_soft_iou(maps)
    assert score.shape == (2, 3)
    assert iou.shape == (2, 3, 3)
    for result in (score, iou):
        assert result.dtype == dtype
        assert result.device.type == device

"""From one grid to another: identities, constants, and what torch does on the whole extent."""

import pytest
import torch
import torch.nn.functional as F

from freecp_d2.modeling.affinity.resampling import resample, resample_matrix
from tests.helpers.random_towers import rand_normal

GRIDS = [((8, 8), (5, 6)), ((4, 6), (7, 9)), ((3, 9), (6, 4)), ((1, 5), (3, 1)), ((16, 8), (4, 2))]


@pytest.mark.parametrize(("source", "grid"), GRIDS)
def test_as_torch_interpolates(source, grid):
    maps = rand_normal(2, 3, *source)
    expected = F.interpolate(maps, grid, mode="bilinear", align_corners=False, antialias=True)
    # Sums of a few dozen products in another order.
    torch.testing.assert_close(resample(maps, grid), expected, rtol=0, atol=1e-5)


def test_the_same_grid_is_the_identity():
    maps = rand_normal(2, 3, 4, 5)
    assert resample(maps, (4, 5)) is maps
    matrix = rand_normal(2, 20, 20)
    assert resample_matrix(matrix, (4, 5), (4, 5)) is matrix


@pytest.mark.parametrize(("source", "grid"), GRIDS)
def test_constants_stay_and_nothing_is_exceeded(source, grid):
    torch.testing.assert_close(
        resample(torch.full((1, 2, *source), 3.0), grid).unique().mean(), torch.tensor(3.0)
    )
    maps = rand_normal(1, 1, *source)
    found = resample(maps, grid)
    assert maps.min() - 1e-6 <= found.min()
    assert found.max() <= maps.max() + 1e-6


def test_by_hand():
    row = torch.tensor([[0.0, 1.0]])
    torch.testing.assert_close(resample(row, (1, 4)), torch.tensor([[0.0, 0.25, 0.75, 1.0]]))


@pytest.mark.parametrize("extent", [(6.0, 5.0), (5.3, 8.0), (0.4, 0.7)])
def test_padding_is_left_behind(extent):
    maps = rand_normal(1, 2, 8, 8)
    padded = maps.clone()
    rows, columns = (-int(-side // 1) for side in extent)  # rounded up: a cell in part counts
    padded[..., rows:, :] = 1e6
    padded[..., columns:] = 1e6
    torch.testing.assert_close(resample(maps, (4, 4), extent), resample(padded, (4, 4), extent))


def test_a_whole_extent_is_a_crop():
    maps = rand_normal(1, 2, 8, 8)
    found = resample(maps, (4, 7), extent=(6, 5))
    torch.testing.assert_close(found, resample(maps[..., :6, :5], (4, 7)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_kept(dtype):
    assert resample(torch.ones(1, 1, 4, 4, dtype=dtype), (3, 3)).dtype is dtype


class TestMatrix:
    @pytest.mark.parametrize(("source", "grid"), GRIDS)
    def test_it_is_resampling_on_both_sides(self, source, grid):
        cells = source[0] * source[1]
        matrix = rand_normal(2, cells, cells)
        weights = resample(torch.eye(cells).unflatten(-1, source), grid).flatten(-2).mT
        found = resample_matrix(matrix, source, grid)
        torch.testing.assert_close(found, weights @ matrix @ weights.mT, rtol=0, atol=1e-5)

    def test_symmetric_stays_symmetric_and_uniform_uniform(self):
        matrix = rand_normal(1, 12, 12).abs()
        found = resample_matrix(matrix + matrix.mT, (3, 4), (5, 5))
        torch.testing.assert_close(found, found.mT)
        uniform = resample_matrix(torch.full((1, 12, 12), 0.5), (3, 4), (5, 5))
        torch.testing.assert_close(uniform, torch.full((1, 25, 25), 0.5))

    def test_no_row_becomes_empty(self):
        """The sparsest of them: every cell has to do with itself alone."""
        found = resample_matrix(torch.eye(64)[None], (8, 8), (3, 11))
        assert found.sum(1).min() > 0

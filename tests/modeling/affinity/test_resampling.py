"""Resampling from one grid to another."""

import torch
import torch.nn.functional as F

from freecp_d2.modeling.affinity.resampling import resample, resample_matrix
from tests.helpers.random_towers import rand_normal

GRIDS = [((8, 8), (5, 6)), ((4, 6), (7, 9)), ((3, 9), (6, 4)), ((1, 5), (3, 1)), ((16, 8), (4, 2))]


def test_as_torch_interpolates():
    for source, grid in GRIDS:
        maps = rand_normal(2, 3, *source)
        expected = F.interpolate(maps, grid, mode="bilinear", align_corners=False, antialias=True)
        # Sums of a few dozen products in another order.
        torch.testing.assert_close(resample(maps, grid), expected, rtol=0, atol=1e-5)


def test_the_same_grid_is_the_identity():
    maps = rand_normal(2, 3, 4, 5)
    assert resample(maps, (4, 5)) is maps
    matrix = rand_normal(2, 20, 20)
    assert resample_matrix(matrix, (4, 5), (4, 5)) is matrix


def test_padding_has_no_effect():
    for extent in [(6.0, 5.0), (5.3, 8.0), (0.4, 0.7)]:
        maps = rand_normal(1, 2, 8, 8)
        padded = maps.clone()
        rows, columns = (-int(-side // 1) for side in extent)  # rounded up: a partial cell counts
        padded[..., rows:, :] = 1e6
        padded[..., columns:] = 1e6
        found = resample(padded, (4, 4), extent)
        torch.testing.assert_close(found, resample(maps, (4, 4), extent))
    cropped = resample(maps[..., :6, :5], (4, 7))
    torch.testing.assert_close(resample(maps, (4, 7), extent=(6, 5)), cropped)


def test_a_matrix_is_resampled_on_both_sides():
    for source, grid in GRIDS:
        cells = source[0] * source[1]
        matrix = rand_normal(2, cells, cells)
        weights = resample(torch.eye(cells).unflatten(-1, source), grid).flatten(-2).mT
        found = resample_matrix(matrix, source, grid)
        torch.testing.assert_close(found, weights @ matrix @ weights.mT, rtol=0, atol=1e-5)

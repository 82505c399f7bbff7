"""
Resample maps and affinities from one patch grid to another.

Shapes: (h', w') the source's grid, (h, w) the wanted one, P' = h' * w', P = h * w.
"""

import torch
from torch import Tensor


def resample(
    maps: Tensor, grid: tuple[int, int], extent: tuple[float, float] | None = None
) -> Tensor:
    """
    Bilinear between cell centres, antialiased when it shrinks: as `F.interpolate` with
    `antialias=True`, and the identity on the same grid. `extent` also leaves out padding.

    Args:
        maps: shape (..., h', w').
        grid: (h, w).
        extent: how many cells of (h', w'), from the upper left, show the window; may be fractions.
            The other cells are padding. None: all cells.

    Returns:
        Tensor: shape (..., h, w), within the range of `maps`.
    """
    height, width = maps.shape[-2:]
    extent = extent or (height, width)
    if grid == (height, width) and extent == (height, width):
        return maps
    rows = _weights(height, grid[0], extent[0]).to(maps)
    columns = _weights(width, grid[1], extent[1]).to(maps)
    return rows @ maps @ columns.mT


def resample_matrix(matrix: Tensor, source: tuple[int, int], grid: tuple[int, int]) -> Tensor:
    """
    Bring an affinity (N, P', P') to (N, P, P): K A K^T with the weights K of `resample`.

    It stays non-negative, and symmetric or uniform if it was. `source` is (h', w').
    """
    if source == grid:
        return matrix
    columns = resample(matrix.unflatten(-1, source), grid).flatten(-2)
    return resample(columns.mT.unflatten(-1, source), grid).flatten(-2).mT


def _weights(num_from: int, num_to: int, extent: float) -> Tensor:
    """Triangle weights around each wanted centre; rows sum to one, shape (num_to, num_from)."""
    step = extent / num_to
    centres = (torch.arange(num_to, dtype=torch.float64) + 0.5) * step - 0.5
    cells = torch.arange(num_from, dtype=torch.float64)
    weights = (1 - (cells - centres[:, None]).abs() / max(step, 1.0)).clamp(min=0)
    weights[:, cells >= extent] = 0
    return weights / weights.sum(dim=1, keepdim=True)

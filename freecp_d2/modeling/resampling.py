"""
Bringing maps and affinities from one grid to another.

Shapes: N windows, (h, w) the wanted grid, P = h * w; (h', w') another grid, P' = h' * w'.
"""

import torch
from torch import Tensor


def resample(
    maps: Tensor, grid: tuple[int, int], extent: tuple[float, float] | None = None
) -> Tensor:
    """
    Resize (..., h', w') to (..., h, w), bilinear between cell centres and antialiased when it
    shrinks: as `F.interpolate` with `antialias=True`, and the identity on the same grid.

    `extent`: how many cells of (h', w'), from the upper left, show the window; may be fractions.
    The other cells are padding, which is left out. None: all cells.
    """
    height, width = maps.shape[-2:]
    extent = extent or (height, width)
    if grid == (height, width) and extent == (height, width):
        return maps
    rows = _weights(height, grid[0], extent[0]).to(maps)
    columns = _weights(width, grid[1], extent[1]).to(maps)
    return rows @ maps @ columns.mT


def resample_matrix(matrix: Tensor, source: tuple[int, int], grid: tuple[int, int]) -> Tensor:
    """Bring an affinity (N, P', P') of the grid `source` to (N, P, P), by `resample`'s weights."""
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


def affinity_grid(
    rule: str, pixels: Tensor, tokens: Tensor, native: tuple[int, ...]
) -> tuple[int, int]:
    """
    The grid of Eqs. (3) to (8) for tokens with a grid of their own, by MODEL.AFFINITY_HEAD.GRID.

    Args:
        rule: "backbone" (`native`) or "maps" (that of the tokens).
        pixels, tokens: windows, (N, 3, H, W), and a base method's tokens of them, (N, D, h', w').
        native: (h, w) of the backbone.

    Raises:
        ValueError: with "maps", if a cell is no square of whole pixels: boxes would not be exact.
    """
    (height, width), (h, w) = pixels.shape[2:], tokens.shape[2:]
    if rule == "backbone":
        return native[0], native[1]
    if height % h or height * w != width * h:
        raise ValueError(
            f"MODEL.AFFINITY_HEAD.GRID is maps, but a window of {(height, width)} pixels has maps "
            f"of {(h, w)} cells, which are no squares of whole pixels; use GRID backbone, or a "
            "proxy whose patches divide the window."
        )
    return h, w


def bilinear_neighbours(position: int, length: int, source: int) -> list[tuple[int, float]]:
    """Indices and weights of the two of `source` samples next to one of `length` pixels."""
    at = max(0.0, (position + 0.5) * source / length - 0.5)
    first = int(at)
    return [(first, 1 - (at - first)), (min(first + 1, source - 1), at - first)]

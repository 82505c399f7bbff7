"""
Boxes of the connected regions where activation maps are high, which Eqs. (3) and (8) use.

All maps are stacked vertically in one tall image, so that a single call of OpenCV labels the
regions of every class and window.

Shapes: M maps, B boxes, h x w patches.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class RegionBoxes(NamedTuple):
    """Boxes of the regions of M maps."""

    map_index: Tensor
    """Which map each box belongs to, int64, shape (B,), ascending."""
    boxes: Tensor
    """(x0, y0, x1, y1) in patches, half open, int64, shape (B, 4)."""

    def to(self, device: torch.device) -> "RegionBoxes":
        """The same on another device."""
        return RegionBoxes(self.map_index.to(device), self.boxes.to(device))


def no_boxes() -> RegionBoxes:
    """An empty `RegionBoxes`."""
    return RegionBoxes(torch.zeros(0, dtype=torch.long), torch.zeros(0, 4, dtype=torch.long))


def region_boxes(
    maps: Tensor, *, thresh: float = 0.4, holes: bool = False, exclude_last: bool = True
) -> RegionBoxes:
    """
    Bounding boxes of the 8-connected regions where a map exceeds `thresh` of its own maximum.

    Reading: as uint8, trunc(255 * map) > int(thresh * max). A map below 1/255 has no region. The
    released program boxes every contour, so a hole has a box as well, that of the pixels around
    it. Holes do not change a union of boxes; in Eq. (8) each is a crop.

    Args:
        maps: in [0, 1], shape (M, h, w).
        thresh: the cut as a share of the maximum. Not in the paper; 0.4 in the released program.
        holes: also return the box around each hole.
        exclude_last: exclude the last row and column from all boxes, unless it is the only one. The
            released program does, even where it is the only one; False gives boxes that contain
            their region.

    Returns:
        RegionBoxes: on the CPU, ordered by map; within a map in no particular order.
    """
    high = _high_activation(maps, thresh).numpy()
    num_maps, h, w = high.shape
    if num_maps == 0:
        return no_boxes()
    # One row and one column of background around every map separate the maps.
    tall = np.zeros((num_maps * (h + 1) + 1, w + 2), dtype=np.uint8)
    tall[1:].reshape(num_maps, h + 1, w + 2)[:, :h, 1:-1] = high
    stats = _component_stats(tall, connectivity=8)
    if holes:
        # A hole is background that does not reach the frame; its box is one patch larger.
        around = _component_stats(1 - tall, connectivity=4)
        outside = (around[:, 0] == 0) & (around[:, 1] == 0)
        around = around[~outside] + np.array([-1, -1, 2, 2])
        stats = np.concatenate([stats, around])
    x, y, width, height = torch.from_numpy(stats).long().unbind(dim=1)
    map_index = (y - 1).div(h + 1, rounding_mode="floor")
    x0, y0 = x - 1, y - 1 - map_index * (h + 1)
    last_x, last_y = (side - 1 if exclude_last and side > 1 else side for side in (w, h))
    boxes = torch.stack(
        [x0, y0, (x0 + width).clamp(max=last_x), (y0 + height).clamp(max=last_y)], dim=1
    )
    order = map_index.argsort(stable=True)
    return RegionBoxes(map_index[order], boxes[order])


def boxes_to_mask(region: RegionBoxes, num_maps: int, grid: tuple[int, int]) -> Tensor:
    """
    The union of each map's boxes.

    Args:
        region: boxes of up to `num_maps` maps.
        grid: (h, w).

    Returns:
        Tensor: bool, shape (num_maps, h, w), on the device of the boxes.
    """
    h, w = grid
    # Two-dimensional prefix sums of +1 and -1 at the corners count the boxes over each patch.
    corners = region.boxes.new_zeros(num_maps, h + 1, w + 1, dtype=torch.int32)
    x0, y0, x1, y1 = region.boxes.unbind(dim=1)
    one = torch.ones_like(x0, dtype=torch.int32)
    for y, x, sign in ((y0, x0, 1), (y0, x1, -1), (y1, x0, -1), (y1, x1, 1)):
        corners.index_put_((region.map_index, y, x), sign * one, accumulate=True)
    counts = corners.cumsum(dim=1, dtype=torch.int32).cumsum(dim=2, dtype=torch.int32)
    return counts[:, :h, :w] > 0


def _high_activation(maps: Tensor, thresh: float) -> Tensor:
    """uint8, 1 where trunc(255 * map) > int(thresh * max); shape as `maps`, on the CPU."""
    levels = (maps * 255).to(torch.uint8).cpu()  # before float64, which not every device has
    cut = (levels.flatten(1).amax(dim=1).double() * thresh).floor()
    return (levels > cut[:, None, None]).to(torch.uint8)


def _component_stats(binary: np.ndarray, connectivity: int) -> np.ndarray:
    """(x, y, width, height) of each connected component of ones, int32, shape (C, 4)."""
    import cv2  # loaded on first use: importing the package must not need OpenCV

    _, _, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=connectivity)
    return stats[1:, :4]

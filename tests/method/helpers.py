"""
What several tests of the method share: maps drawn as text, and slow, plain references.

Shape shorthand: N windows, K classes, G groups, B boxes, h x w patches.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor

from freecp_d2.method import AmbiguityGroups, RegionBoxes

BoxRow = tuple[int, int, int, int, int]
"""(map, x0, y0, x1, y1)"""


def draw(*rows: str) -> Tensor:
    """A map from text, shape (h, w): `#` is 1, `.` is 0, a digit is tenths."""
    value = {"#": 1.0, ".": 0.0} | {str(tenth): tenth / 10 for tenth in range(10)}
    return torch.tensor([[value[letter] for letter in row] for row in rows])


def rand(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Uniform in [0, 1), the same on every run."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def groups_of(num_classes: int, *groups: tuple[int, set[int]]) -> AmbiguityGroups:
    """Groups from (window, classes) pairs."""
    members = torch.zeros(len(groups), num_classes, dtype=torch.bool)
    for row, (_, classes) in enumerate(groups):
        members[row, sorted(classes)] = True
    return AmbiguityGroups(torch.tensor([g[0] for g in groups], dtype=torch.long), members)


def group_sets(groups: AmbiguityGroups) -> list[tuple[int, list[int]]]:
    """The inverse of `groups_of`: (window, classes) pairs, in the order of the groups."""
    return [
        (int(window), row.nonzero().flatten().tolist())
        for window, row in zip(groups.window, groups.members, strict=True)
    ]


def region_of(*rows: BoxRow) -> RegionBoxes:
    """Boxes from (map, x0, y0, x1, y1) rows."""
    table = torch.tensor(rows, dtype=torch.long).reshape(-1, 5)
    return RegionBoxes(table[:, 0], table[:, 1:])


def box_rows(region: RegionBoxes) -> list[BoxRow]:
    """The inverse of `region_of`, sorted: the order within a map carries no meaning."""
    table = torch.cat([region.map_index[:, None], region.boxes], dim=1)
    return sorted(tuple(row) for row in table.tolist())


def contour_boxes(
    map_: np.ndarray, *, thresh: float = 0.4, holes: bool = True, exclude_last: bool = True
) -> Iterator[tuple[int, int, int, int]]:
    """
    The released program's rule, one map and one contour at a time: the box of each contour.

    The program takes the borders of holes as well, `holes=False` is ours; and it excludes the last
    row even where there is no other.
    """
    h, w = map_.shape
    levels = (map_ * 255).astype(np.uint8)
    binary = (levels > int(thresh * levels.max())).astype(np.uint8) * 255
    # In this mode the borders of holes are exactly the contours that have a parent.
    mode = cv2.RETR_TREE if holes else cv2.RETR_CCOMP
    contours, hierarchy = cv2.findContours(binary, mode, cv2.CHAIN_APPROX_SIMPLE)
    if not holes:
        contours = [c for i, c in enumerate(contours) if hierarchy[0, i, 3] == -1]
    last_x, last_y = (side - 1 if exclude_last and side > 1 else side for side in (w, h))
    for contour in contours:
        x, y, width, height = cv2.boundingRect(contour)
        yield x, y, min(x + width, last_x), min(y + height, last_y)


def components_by_dfs(linked: list[list[bool]]) -> list[int]:
    """Smallest node of each node's component, by the paper's depth-first search."""
    name: dict[int, int] = {}
    for root in range(len(linked)):
        stack = [root]
        while stack:
            node = stack.pop()
            if node not in name:
                name[node] = root
                stack += [other for other, is_linked in enumerate(linked[node]) if is_linked]
    return [name[node] for node in range(len(linked))]

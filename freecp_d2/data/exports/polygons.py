"""
The regions of a label map as masks, and masks as polygons, without loss or within a tolerance.

Semantic segmentation has no instances: a region is all pixels of a class, or one connected part of
them. Two cats that touch are one region; one cat behind a pole is two connected regions.

The vertices are centres of pixels of the mask, as those of `cv2.findContours`. Programs that draw
the outline of a polygon as part of it (`cv2.fillPoly`, `polygon` of Pillow 11.3 or newer, and
thereby supervision, Ultralytics and LabelMe) get the mask back: exactly with tolerance 0, otherwise
up to pixels next to the outline.

A polygon of these formats has one ring. A hole is joined to the outer ring by a seam, which runs
there and back over pixels of the mask.

Shape letters: H, W pixels, V vertices.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

BACKGROUND = "background"
"""The class of the background, which is never exported; neither are pixels without a word."""


class Region(NamedTuple):
    """Pixels of one class."""

    label: int  # the index of the class in the label map
    mask: np.ndarray  # bool, shape (H, W), with at least one pixel
    score: float | None  # mean score of the class over all its pixels, if it is known


def polygons(mask: np.ndarray, tolerance: float = 0.0) -> list[np.ndarray]:
    """
    One polygon for each 8-connected part of a mask (H, W), holes included: x and y of the vertices,
    int32, shape (V, 2), V >= 3; a part of one or two pixels repeats a vertex.

    No point of the exact outline is farther from the polygon than `tolerance` pixels.

    Raises:
        ValueError: `tolerance` is negative.
    """
    if tolerance < 0:
        raise ValueError(f"got a tolerance of {tolerance:g} pixels, expected 0 or more.")
    found, hierarchy = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
    )
    if not found:
        return []
    rings = [ring[:, 0] for ring in found]
    parents = hierarchy[0][:, 3]
    result = []
    for outer in np.flatnonzero(parents < 0):
        holes = [rings[hole] for hole in np.flatnonzero(parents == outer)]
        ring, fixed = _join(mask, rings[outer], holes)
        ring = _simplify(ring, fixed, tolerance)
        missing = max(0, 3 - len(ring))
        result.append(np.concatenate([ring, np.repeat(ring[:1], missing, axis=0)]))
    return result[::-1]  # OpenCV finds the lowest first


def _join(
    mask: np.ndarray, ring: np.ndarray, holes: list[np.ndarray]
) -> tuple[np.ndarray, list[int]]:
    """
    Join holes to a ring, the leftmost first: the vertices, and the indices of the ends of seams.

    From the leftmost pixel of a hole's ring, the seam goes left over pixels of the mask. It ends on
    the outer ring or on that of a hole farther left, which is joined already.
    """
    ends: list[int] = []
    for hole in sorted(holes, key=lambda points: int(points[:, 0].min())):
        start = int(hole[:, 0].argmin())
        x, y = hole[start]
        before = np.flatnonzero(~mask[y, :x])
        left = int(before[-1]) + 1 if len(before) else 0
        at = int(((ring - (left, y)) ** 2).sum(axis=1).argmin())
        inner = np.concatenate([hole[start:], hole[: start + 1]])
        ring = np.concatenate([ring[: at + 1], inner, ring[at:]])
        added = len(inner) + 1
        ends = [end if end <= at else end + added for end in ends]
        ends = sorted({*ends, at, at + 1, at + len(inner), at + added})
    return ring, ends


def _simplify(ring: np.ndarray, fixed: list[int], tolerance: float) -> np.ndarray:
    """Simplify the chains between the vertices at the indices `fixed`, which are kept."""
    first, *others = fixed or [0]
    closed = np.concatenate([ring[first:], ring[: first + 1]])
    stops = [0, *(index - first for index in others), len(ring)]
    chains = (closed[a : b + 1] for a, b in pairwise(stops))
    return np.concatenate([_simplify_chain(chain, tolerance)[:-1] for chain in chains])


def _simplify_chain(chain: np.ndarray, tolerance: float) -> np.ndarray:
    """
    The algorithm of Douglas and Peucker; the first and the last vertex are kept.

    `cv2.approxPolyDP` measures the distance from a line, which does not exist where a chain ends at
    its beginning, and loses such a chain. Here it is measured from the segment.
    """
    keep = np.zeros(len(chain), dtype=bool)
    keep[[0, -1]] = True
    ranges = [(0, len(chain) - 1)]
    while ranges:
        start, end = ranges.pop()
        if end - start < 2:
            continue
        along = (chain[end] - chain[start]).astype(np.float64)
        relative = chain[start + 1 : end] - chain[start]
        length = along @ along
        share = np.clip(relative @ along / length, 0, 1) if length else np.zeros(len(relative))
        distances = np.hypot(*(relative - share[:, None] * along).T)
        farthest = int(distances.argmax())
        if distances[farthest] > tolerance:
            middle = start + 1 + farthest
            keep[middle] = True
            ranges += [(start, middle), (middle, end)]
    return chain[keep]


def find_regions(
    label_map: np.ndarray,
    names: Sequence[str],
    scores: Mapping[str, float] | None = None,
    *,
    connected: bool = False,
) -> Iterator[Region]:
    """
    Find the regions by class, then from top to bottom.

    Pixels of no word and of the background are in none. ValueError for another label map.

    Args:
        label_map: integers (H, W), -1 (no word) to C-1.
        names: C names.
        scores: name -> mean score of the class.
        connected: one region for each 8-connected part of a class in place of one for the class.
    """
    if label_map.ndim != 2 or label_map.dtype.kind not in "iu":
        raise ValueError(
            f"got a label map of shape {label_map.shape} and {label_map.dtype}, expected integers "
            "of shape (H, W)."
        )
    if label_map.size and not -1 <= label_map.min() <= label_map.max() < len(names):
        raise ValueError(
            f"got labels from {label_map.min()} to {label_map.max()}, expected -1 (no word) to "
            f"{len(names) - 1}, the last of {len(names)} names."
        )
    for label in np.unique(label_map):
        if label < 0 or names[label] == BACKGROUND:
            continue
        mask, score = label_map == label, (scores or {}).get(names[label])
        if not connected:
            yield Region(int(label), mask, score)
            continue
        count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        for part in range(1, count):
            yield Region(int(label), parts == part, score)

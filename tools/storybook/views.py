"""
Samples of the dense training: views of scenes, boxes in them, and the crops of the boxes.

Shape shorthand in this module: B views, M boxes of a view, S side in pixels, g x g patches.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from captions import caption
from crops import Crops, as_bits, exposed, normalised, visible_classes
from freecp_d2.data.storybook.classes import CLASSES
from freecp_d2.data.storybook.noise import Rng

VISIBLE = 0.1
"""A class with less of a box is not mentioned in the caption of its crop."""


class ViewBatch(NamedTuple):
    """Boxes are numbered view by view."""

    images: Tensor
    """Normalised views, (B, 3, S, S)."""
    boxes: Tensor
    """(x0, y0, x1, y1) in patches, half open, int64 (B, M, 4)."""
    crops: Tensor
    """The boxes of the views, resized to the side of a view, (B * M, 3, S, S)."""
    captions: list[str]
    """Of the crops."""
    sets: Tensor
    """The classes that the captions tell of, as bits of an int64 (B * M,)."""


class Views(Crops):
    """
    Views with boxes: in turn around one class, as photographs are taken, and anywhere.

    Args:
        patch: side of a patch in pixels, the unit of the boxes.
        boxes: M.
        options: see `Crops`.
    """

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, *, patch: int, boxes: int, **options
    ):
        super().__init__(images, labels, **options)
        self.patch, self.num_boxes = patch, boxes

    def views(self, chance: Rng, size: int) -> ViewBatch:
        """A batch of `size` views."""
        side, patch = self.side, self.patch
        views = np.empty((size, side, side, 3), np.float32)
        crops = np.empty((size * self.num_boxes, side, side, 3), np.float32)
        boxes = np.empty((size, self.num_boxes, 4), np.int64)
        captions, sets = [], []
        for i in range(size):
            scene = chance.integer(0, len(self.images) - 1)
            crop, seen = self._crop(chance, self.images[scene], self.labels[scene])
            views[i] = exposed(chance, crop)
            grid = seen.shape[0] / side, seen.shape[1] / side  # pixels of the scene in one of S
            for m in range(self.num_boxes):
                boxes[i, m] = self._box(chance, seen, around=m % 2 == 0)
                x0, y0, x1, y1 = (patch * boxes[i, m]).tolist()
                crops[i * self.num_boxes + m] = cv2.resize(views[i, y0:y1, x0:x1], (side, side))
                rows = slice(int(y0 * grid[0]), math.ceil(y1 * grid[0]))
                columns = slice(int(x0 * grid[1]), math.ceil(x1 * grid[1]))
                classes = visible_classes(seen[rows, columns], VISIBLE)
                captions.append(caption(chance, [CLASSES[c] for c in classes]))
                sets.append(as_bits(classes))
        return ViewBatch(
            normalised(views),
            torch.from_numpy(boxes),
            normalised(crops),
            captions,
            torch.tensor(sets),
        )

    def _box(self, chance: Rng, seen: np.ndarray, around: bool) -> tuple[int, int, int, int]:
        """A box in patches: around a region of one class, or of any place and size."""
        g = self.side // self.patch
        if around:
            x0, y0, x1, y1 = _region(chance, seen)
            margin = [chance.uniform(-0.15, 0.15) for _ in range(4)]
            w, h = x1 - x0, y1 - y0
            x0, x1 = g * (x0 - margin[0] * w), g * (x1 + margin[1] * w)
            y0, y1 = g * (y0 - margin[2] * h), g * (y1 + margin[3] * h)
        else:
            size = math.exp(chance.uniform(math.log(2), math.log(9)))
            stretch = math.exp(chance.uniform(-0.4, 0.4))
            w, h = min(g, size * stretch), min(g, size / stretch)
            x0, y0 = chance.uniform(0, g - w), chance.uniform(0, g - h)
            x1, y1 = x0 + w, y0 + h
        (left, right), (top, bottom) = _snap(x0, x1, g), _snap(y0, y1, g)
        return left, top, right, bottom


def _region(chance: Rng, seen: np.ndarray) -> tuple[float, float, float, float]:
    """A box around a region of one class, more often a thing, in shares of the view."""
    small = seen[::2, ::2]
    present = visible_classes(small, 0.01)
    things = [c for c in present if CLASSES[c].is_thing]
    wanted = chance.pick(things if things and chance.maybe(0.7) else present)
    _, _, stats, _ = cv2.connectedComponentsWithStats((small == wanted).astype(np.uint8))
    regions = stats[1:][stats[1:, 4] > 0.2 * stats[1:, 4].max()]
    x, y, w, h, _ = chance.pick(regions.tolist())
    height, width = small.shape
    return x / width, y / height, (x + w) / width, (y + h) / height


def _snap(low: float, high: float, g: int) -> tuple[int, int]:
    """An interval of at least two of the g patches."""
    first, last = max(0, round(low)), min(g, round(high))
    if last - first < 2:
        first = min(max(0, math.floor((low + high) / 2) - 1), g - 2)
        last = first + 2
    return first, last


def pool(tokens: Tensor, boxes: Tensor, kept: Tensor, g: int) -> tuple[Tensor, Tensor]:
    """
    The mean direction of the patch tokens in each box.

    Args:
        tokens: shape (B, P, D).
        boxes: see `ViewBatch`, (B, M, 4).
        kept: which patches of the grid the tokens are, int64 (B, P).
        g: patches of a side of the grid.

    Returns:
        tuple[Tensor, Tensor]: unit vectors, (B, M, D), 0 for a box without a token; and which
        boxes have one, bool (B, M).
    """
    x, y = (kept % g)[:, None], (kept // g)[:, None]
    x0, y0, x1, y1 = (side[..., None] for side in boxes.unbind(dim=-1))
    inside = (x >= x0) & (x < x1) & (y >= y0) & (y < y1)
    pooled = inside.to(tokens.dtype) @ F.normalize(tokens, dim=-1)
    return F.normalize(pooled, dim=-1), inside.any(dim=-1)

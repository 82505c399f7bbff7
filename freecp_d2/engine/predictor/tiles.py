"""
Segmentation of images that do not fit into memory, tile by tile.

The windows are those of the whole image at its own resolution, and each is processed once: the
patch maps of windows that reach into the next row of tiles are kept. Tiles therefore have no seams.

Shapes: K classes, S surviving classes, H, W pixels, h x w patches.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ...modeling.outputs import ClassScores
from ...modeling.purification.once_per_image import ImageClassPurification
from ...modeling.windows import Window, sliding_windows, stitch
from .building import Segmentor, prediction_of
from .prediction import Prediction
from .predictor import Predictor

TILE = 512
"""Side of a tile in pixels; the scores of one tile are in memory at a time."""

Read = Callable[[int, int, int, int], tuple[np.ndarray, np.ndarray]]
"""y0, x0, y1, x1, half open -> uint8 RGB (h, w, 3), and bool (h, w), which pixels have data."""


class Tile(NamedTuple):
    """Part of an image: its top left pixel, and its prediction; -1 is also a pixel without data."""

    y0: int
    x0: int
    prediction: Prediction
    has_data: np.ndarray


def check_tiles(model: Segmentor) -> FreeCPSegmentor:
    """
    The model, if it can label an image in tiles.

    Raises:
        ValueError: a step of the model needs the scores of the whole image.
    """
    if not isinstance(model, FreeCPSegmentor):
        raise ValueError(
            f"{type(model).__name__} reads a whole image, but a raster is labelled in tiles; use a "
            'config with MODEL.META_ARCHITECTURE="FreeCPSegmentor".'
        )
    head = model.purification_head
    for key, value in (
        ("TEST.PAMR.ENABLED", model.refine is not None),
        ("MODEL.TEXT.MIN_AREA", model.text_head.min_area),
        ("MODEL.CLIP.CLIPTRASE.VOTE", "clusters" in model.backbone.output_shape()),
        ("MODEL.PURIFICATION_HEAD.NAME", isinstance(head, ImageClassPurification) and type(head)),
        ("MODEL.TEXT.SOFTMAX", model.text_head.softmax == "image" and "image"),
    ):
        if value:
            raise ValueError(
                f"{key} is {getattr(value, '__name__', value)}, which needs the scores of the "
                "whole image, but a raster is labelled in tiles; change it."
            )
    return model


def segment_tiles(predictor: Predictor, size: tuple[int, int], read: Read) -> Iterator[Tile]:
    """
    Segment an image of `size` (H, W) at its own resolution, row by row of tiles.

    `INPUT.MIN_SIZE_TEST` does not apply. Labels are those of the whole image, except where float
    rounding of another batch of windows decides. Windows without data are skipped. Memory grows
    with the width, by 2 KB for each window in a row of tiles and class that survives in it.

    Args:
        predictor: its predictions have no diagnosis of windows.
        read: called for windows and tiles, which overlap.

    Raises:
        ValueError: see `check_tiles`.
    """
    model = check_tiles(predictor.model)
    height, width = size
    waiting = sliding_windows(0, height, width, model.window_size, model.window_stride)
    maps: dict[Window, _Maps] = {}
    for y0 in range(0, height, TILE):
        y1 = min(y0 + TILE, height)
        reached = [window for window in waiting if window.y0 < y1]
        waiting = waiting[len(reached) :]
        maps |= _maps_of_windows(predictor, reached, read)
        for x0 in range(0, width, TILE):
            tile = Window(0, y0, x0, y1, min(x0 + TILE, width))
            image, has_data = read(*tile[1:])
            found = _scores(model, tile, maps)
            found.scores[:, ~torch.from_numpy(has_data)] = 0
            prediction = prediction_of(image, found, model.text_head)
            prediction.label_map[~has_data] = -1
            yield Tile(y0, x0, prediction, has_data)
        maps = {window: kept for window, kept in maps.items() if window.y1 > y1}


class _Maps(NamedTuple):
    """The maps of a window, (K, h, w), without those that are 0."""

    num_classes: int
    classes: Tensor
    maps: Tensor

    def full(self) -> Tensor:
        empty = self.maps.new_zeros(self.num_classes, *self.maps.shape[1:])
        return empty.index_copy_(0, self.classes, self.maps)


def _maps_of_windows(
    predictor: Predictor, windows: list[Window], read: Read
) -> dict[Window, _Maps]:
    """The maps of each window with data."""
    model = check_tiles(predictor.model)
    found, batch_size = {}, model.window_batch_size
    for start in range(0, len(windows), batch_size):
        contents = [(w, *read(*w[1:])) for w in windows[start : start + batch_size]]
        batch = [(window, image) for window, image, has_data in contents if has_data.any()]
        inputs = [predictor.input_of(image, resize=False) for _, image in batch]
        for (window, _), segmented in zip(batch, model.segment(inputs), strict=True):
            (maps,) = segmented.maps
            classes = (maps.flatten(1).amax(dim=1) > 0).nonzero().flatten()
            found[window] = _Maps(len(maps), classes, maps[classes])
    return found


def _scores(model: FreeCPSegmentor, tile: Window, maps: dict[Window, _Maps]) -> ClassScores:
    """The scores of a tile, on the CPU, from the maps of all windows that reach into it."""
    height, width = tile.size
    near = [w for w in maps if _overlap(w, tile)]
    if not near:
        return ClassScores(torch.zeros(0, dtype=torch.long), torch.zeros(0, height, width))
    top, left, bottom, right = (
        edge(w[side] for w in (tile, *near)) for side, edge in enumerate((min, min, max, max), 1)
    )
    moved = [Window(0, w.y0 - top, w.x0 - left, w.y1 - top, w.x1 - left) for w in near]
    size = (bottom - top, right - left)
    full = [maps[window].full() for window in near]
    found = model.text_head.finish(stitch(full, moved, size, model.backbone.patch_size), size)
    y, x = tile.y0 - top, tile.x0 - left
    return ClassScores(found.classes.cpu(), found.scores[:, y : y + height, x : x + width].cpu())


def _overlap(a: Window, b: Window) -> bool:
    return a.y0 < b.y1 and b.y0 < a.y1 and a.x0 < b.x1 and b.x0 < a.x1

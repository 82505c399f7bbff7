from itertools import product

import numpy as np
import torch

from freecp_d2.method import boxes_to_mask, region_boxes

from .helpers import box_rows, contour_boxes, draw


def boxes_of(map_, **options):
    return [row[1:] for row in box_rows(region_boxes(map_[None], **options))]


# region_boxes by hand


def test_boxes_that_contain_their_region():
    for map_, expected in (
        (draw(".....", ".##..", ".##..", "....."), [(1, 1, 3, 3)]),
        (draw("#....", ".....", "...#."), [(0, 0, 1, 1), (3, 2, 4, 3)]),
        (draw("#...", ".#..", "..#."), [(0, 0, 3, 3)]),  # corners connect
        (draw("##..", "...#", "##.#"), [(0, 0, 2, 1), (0, 2, 2, 3), (3, 1, 4, 3)]),
        (draw("####", "####"), [(0, 0, 4, 2)]),
        (draw("...#", "...#"), [(3, 0, 4, 2)]),  # the last column
        (draw("....", "####"), [(0, 1, 4, 2)]),  # the last row
        (draw("#"), [(0, 0, 1, 1)]),
        (draw("."), []),
        (draw("....", "...."), []),
        (draw("5..", "..."), [(0, 0, 1, 1)]),  # a share of the map's own maximum, not of one
        (draw("#34", "..."), [(0, 0, 1, 1)]),  # 0.4 gives 102, the cut is int(0.4 * 255) = 102
        (draw("#.5", "..."), [(0, 0, 1, 1), (2, 0, 3, 1)]),
    ):
        assert boxes_of(map_, exclude_last=False) == sorted(expected)


# region_boxes against OpenCV's contours, one map at a time


def random_maps(num_maps, h, w, seed):
    """Noise, sparse, blocky, dense, faint, empty or full maps, and rings inside of rings."""
    generator = np.random.default_rng(seed)
    maps = generator.random((num_maps, h, w), dtype=np.float32)
    for index, map_ in enumerate(maps):
        kind = index % 7
        if kind == 1:
            map_[map_ < 0.8] = 0
        elif kind == 2:
            coarse = generator.random((-(-h // 2), -(-w // 2)), dtype=np.float32)
            map_[:] = np.kron(coarse, np.ones((2, 2), np.float32))[:h, :w]
        elif kind == 3:
            map_[:] = map_ > generator.uniform(0.2, 0.6)  # dense: many holes
        elif kind == 4:
            map_ *= generator.choice([0.002, 0.004, 0.01, 0.1])
        elif kind == 5:
            map_[:] = generator.integers(0, 2)
        elif kind == 6:
            row, column = generator.uniform(0, h), generator.uniform(0, w)
            y, x = np.mgrid[:h, :w]
            map_[:] = np.cos(np.hypot(y - row, x - column) * generator.uniform(0.4, 1)) ** 2
    return maps


def test_the_only_row_or_column_is_not_excluded():
    """The released program excludes it, which leaves nothing of a thin image."""
    for map_, expected in (
        (torch.tensor([[0.0, 1, 1, 0]]), [(1, 0, 3, 1)]),
        (torch.tensor([[0.0], [1], [1], [0]]), [(0, 1, 1, 3)]),
        (torch.tensor([[0.0, 0, 1]]), [(2, 0, 2, 1)]),  # the last column of several still is
        (torch.tensor([[1.0]]), [(0, 0, 1, 1)]),
    ):
        assert boxes_of(map_) == expected


def test_boxes_equal_those_of_opencv_contours():
    sizes = [(12, 1, 1), (24, 1, 9), (24, 8, 1), (48, 2, 2), (60, 5, 7), (60, 9, 13), (90, 14, 14)]
    switches = (True, False)
    for size, thresh, holes, last in product(sizes, (0.4, 0.65), switches, switches):
        maps = random_maps(*size, seed=size[1] * size[2])
        options = {"thresh": thresh, "holes": holes, "exclude_last": last}
        region = region_boxes(torch.from_numpy(maps), **options)
        rows = [(i, *box) for i, map_ in enumerate(maps) for box in contour_boxes(map_, **options)]
        assert rows
        assert box_rows(region) == sorted(rows)  # equal as multisets
        assert region.map_index.tolist() == sorted(region.map_index.tolist())


# region_boxes, what a tall image could get wrong


def test_neighbouring_maps_never_join():
    for holes in (True, False):
        full = region_boxes(torch.ones(5, 3, 4), holes=holes, exclude_last=False)
        assert box_rows(full) == [(index, 0, 0, 4, 3) for index in range(5)]
        # Arches and bowls, which stacked without a gap would close to rings.
        arch, bowl = draw("###", "#.#", "#.#"), draw("#.#", "#.#", "###")
        stacked = region_boxes(
            torch.stack([arch, bowl, arch, bowl]), holes=holes, exclude_last=False
        )
        assert box_rows(stacked) == [(index, 0, 0, 3, 3) for index in range(4)]


def test_no_map_or_no_region():
    for shape in ((0, 4, 5), (3, 4, 5)):
        for holes in (True, False):
            region = region_boxes(torch.zeros(shape), holes=holes)
            assert region.map_index.shape == (0,)
            assert region.boxes.shape == (0, 4)
            assert region.map_index.dtype == region.boxes.dtype == torch.int64
            assert torch.equal(
                boxes_to_mask(region, shape[0], shape[1:]), torch.zeros(shape).bool()
            )

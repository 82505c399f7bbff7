"""Windows cover an image, stay inside it and are all batched."""

from collections import Counter

import pytest
import torch

from freecp_d2.modeling.windows import (
    Window,
    check_window_sizes,
    cut_windows,
    run_on_windows,
    sliding_windows,
    stitch,
    window_batch_size,
)


def test_starts():
    for length, size, stride, starts in (
        (10, 4, 2, [0, 2, 4, 6]),
        (10, 4, 3, [0, 3, 6]),
        (11, 4, 3, [0, 3, 6, 7]),
        (10, 4, 4, [0, 4, 6]),
        (4, 4, 3, [0]),
        (3, 4, 3, [0]),
    ):
        row = sliding_windows(0, 1, length, size, stride)
        column = sliding_windows(0, length, 1, size, stride)
        assert [window.x0 for window in row] == [window.y0 for window in column] == starts


def test_sizes_that_cannot_be():
    for sizes, message in (
        ((8, 0, 4), "must be positive"),
        ((8, 16, 0), "must be positive"),
        ((0, 16, 4), "must be positive"),
        ((8, 7, 4), r"at least one patch \(8 pixels\)"),
        ((8, 16, 17), "STRIDE 17 leaves gaps between windows of SIZE 16"),
    ):
        with pytest.raises(ValueError, match=message):
            check_window_sizes(*sizes, {})


def test_every_pixel_is_covered():
    sizes = [(448, 597, 384, 112), (385, 383, 384, 112), (900, 100, 384, 384), (1, 1, 384, 112)]
    for height, width, size, stride in [*sizes, (7, 5, 3, 2), (9, 9, 3, 3), (10, 10, 3, 3)]:
        count = torch.zeros(height, width)
        windows = sliding_windows(0, height, width, size, stride)
        for _, y0, x0, y1, x1 in windows:
            assert 0 <= y0 < y1 <= height
            assert 0 <= x0 < x1 <= width
            count[y0:y1, x0:x1] += 1
        assert count.min() >= 1
        assert len(set(windows)) == len(windows)
        assert {window.size for window in windows} == {(min(size, height), min(size, width))}


def test_batches_keep_each_window_once_and_sizes_apart():
    sizes = [(50, 70), (20, 70), (50, 70), (20, 20)]
    windows = [w for i, size in enumerate(sizes) for w in sliding_windows(i, *size, 30, 15)]
    counts = Counter(window.size for window in windows)
    for batch_size in (1, 2, 3, 8, 64):
        batches = []

        def run(batch, batches=batches):
            batches.append(batch)
            return zip(batch, map(str, batch), strict=True)

        images = run_on_windows(sizes, 30, 15, batch_size, run)
        assert [[window.image for window, _ in image] for image in images] == [
            [i] * sum(window.image == i for window in windows) for i in range(4)
        ]
        pairs = [pair for image in images for pair in image]
        assert pairs == [(window, str(window)) for window in windows]
        assert all(len({window.size for window in batch}) == 1 for batch in batches)
        assert max(map(len, batches)) <= batch_size
        # As few as possible: only the last batch of a size may be short.
        assert len(batches) == sum(-(-count // batch_size) for count in counts.values())
    assert run_on_windows([], 30, 15, 8, list) == []


def test_cut_and_pad():
    for height, width, divisibility, padded in (
        (5, 7, 4, (8, 8)),
        (8, 4, 4, (8, 4)),
        (1, 1, 16, (16, 16)),
        (5, 7, 1, (5, 7)),
    ):
        image = torch.arange(3.0 * 20 * 20).view(3, 20, 20) + 1
        window = Window(1, 2, 3, 2 + height, 3 + width)
        cut = cut_windows([torch.zeros(3, 1, 1), image], [window, window], divisibility)
        assert cut.shape == (2, 3, *padded)
        inside = image[:, 2 : 2 + height, 3 : 3 + width]
        assert torch.equal(cut[0, :, :height, :width], inside)
        assert torch.equal(cut[0], cut[1])
        assert cut[0].sum() == inside.sum()  # nothing but zeros around


def test_batch_of_windows_by_the_device(tiny_cfg):
    """On a CPU half of a GPU's; windows of 96 pixels, sixteen times as many."""
    node = tiny_cfg.MODEL.SLIDING_WINDOW
    for device, expected in (("cuda", [8, 128, 8]), ("cpu", [4, 64, 4])):
        tiny_cfg.MODEL.DEVICE = device
        for node.SIZE, number in zip((384, 96, 1000), expected, strict=True):
            assert window_batch_size(tiny_cfg) == number
    node.BATCH_SIZE = 5
    assert window_batch_size(tiny_cfg) == 5


PATCH = 4


def constant_maps(values, grid=(2, 2)):
    return torch.tensor(values).view(-1, 1, 1).expand(-1, *grid)


class TestStitch:
    def test_overlap_is_the_mean(self):
        windows = [Window(0, 0, 0, 8, 8), Window(0, 0, 4, 8, 12)]
        maps = [constant_maps([0.2]), constant_maps([0.8])]
        score = stitch(maps, windows, (8, 12), PATCH).scores[0]
        expected = torch.tensor([0.2] * 4 + [0.5] * 4 + [0.8] * 4).expand(8, 12)
        torch.testing.assert_close(score, expected)

    def test_a_class_that_was_dropped_in_a_window_counts_as_zero_there(self):
        windows = [Window(0, 0, 0, 8, 8), Window(0, 0, 4, 8, 12)]
        maps = [constant_maps([0.2, 0.6]), constant_maps([0.8, 0.0])]
        found = stitch(maps, windows, (8, 12), PATCH)
        assert found.classes.tolist() == [0, 1]
        expected = torch.tensor([0.6] * 4 + [0.3] * 4 + [0.0] * 4).expand(8, 12)
        torch.testing.assert_close(found.scores[1], expected)

    def test_only_survivors_are_kept_in_order(self):
        windows = [Window(0, 0, 0, 8, 8), Window(0, 0, 8, 8, 16)]
        maps = [constant_maps([0.0, 0, 0, 0.5, 0]), constant_maps([0.0, 0.1, 0, 0, 0])]
        found = stitch(maps, windows, (8, 16), PATCH)
        assert found.classes.tolist() == [1, 3]
        assert found.scores.shape == (2, 8, 16)
        nothing = stitch([torch.zeros(3, 2, 2)], windows[:1], (8, 8), PATCH)
        assert (nothing.classes.shape, nothing.scores.shape) == ((0,), (0, 8, 8))
        torch.testing.assert_close(found.scores[0, :, 8:], torch.full((8, 8), 0.1))
        torch.testing.assert_close(found.scores[1, :, :8], torch.full((8, 8), 0.5))

    def test_padding_is_cut(self):
        # 6 x 5 pixels in 2 x 2 patches of 4: the maps reach over the end and must not shrink.
        window = [Window(0, 0, 0, 6, 5)]
        maps = torch.rand(2, 2, 2, generator=torch.Generator().manual_seed(0))
        score = stitch([maps], window, (6, 5), PATCH).scores
        whole = stitch([maps], [Window(0, 0, 0, 8, 8)], (8, 8), PATCH).scores
        torch.testing.assert_close(score, whole[:, :6, :5])

    def test_bilinear_by_hand(self):
        # Centres of 1-pixel samples between two patches of 4 pixels: eighths of the difference.
        score = stitch([torch.tensor([[[0.0, 0.8]]])], [Window(0, 0, 0, 4, 8)], (4, 8), 4).scores
        expected = torch.tensor([0.0, 0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.8])
        torch.testing.assert_close(score[0], expected.expand(4, 8))

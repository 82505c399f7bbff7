"""Windows cover an image, stay inside it and are all batched."""

from collections import Counter

import torch

from freecp_d2.modeling.windows import (
    Window,
    cut_windows,
    run_on_windows,
    sliding_windows,
    window_batch_size,
    windows_of_images,
)


def test_the_example_of_the_paper():
    # 448 - 384 = 64 < 112: starts 0 and 64; 597 - 384 = 213: starts 0, 112 and 213.
    assert sliding_windows(5, 448, 597, 384, 112) == [
        Window(5, y, x, y + 384, x + 384) for y in (0, 64) for x in (0, 112, 213)
    ]


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
    windows = windows_of_images([(50, 70), (20, 70), (50, 70), (20, 20)], 30, 15)
    counts = Counter(window.size for window in windows)
    for batch_size in (1, 2, 3, 8, 64):
        batches = []

        def run(batch, batches=batches):
            batches.append(batch)
            return map(str, batch)

        images = run_on_windows(windows, batch_size, run)
        assert [[window.image for window, _ in image] for image in images] == [
            [i] * sum(window.image == i for window in windows) for i in range(4)
        ]
        pairs = [pair for image in images for pair in image]
        assert pairs == [(window, str(window)) for window in windows]
        assert all(len({window.size for window in batch}) == 1 for batch in batches)
        assert max(map(len, batches)) <= batch_size
        # As few as possible: only the last batch of a size may be short.
        assert len(batches) == sum(-(-count // batch_size) for count in counts.values())
    assert run_on_windows([], 8, list) == []


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

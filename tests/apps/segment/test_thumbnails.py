"""Sizes on a page, by how many share it."""

import pytest

from freecp_d2.apps.segment.thumbnails import middle_frame, thumbnail_side, thumbnail_size

from .videos import write_video


def test_few_are_large_and_many_small():
    sides = [thumbnail_side(n) for n in (0, 1, 10, 60, 300, 1000, 100_000)]
    assert sides == sorted(sides, reverse=True)
    assert sides[0] == 960
    assert sides[-1] == 256


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [
        ((3000, 4000), 400, (300, 400)),
        ((300, 400), 960, (360, 480)),
        ((600, 800), 960, (600, 800)),
        ((1, 5000), 400, (8, 400)),
        ((1, 1), 400, (200, 200)),
    ],
)
def test_sizes(size, side, expected):
    assert thumbnail_size(size, side) == expected


def test_the_frame_in_the_middle(tmp_path):
    write_video(tmp_path / "a.mp4", num_frames=1)
    assert middle_frame(tmp_path / "a.mp4").shape == (48, 64, 3)

"""Each frame has its own time."""

import pytest

from freecp_d2.apps.segment.video_files import Timing, read_timing

from .samples import write_video


def test_a_constant_rate_is_kept(tmp_path):
    for codec, suffix in (("mp4v", ".mp4"), ("MJPG", ".avi")):
        write_video(tmp_path / f"film{suffix}", num_frames=5, rate=12.5, codec=codec, suffix=suffix)
        timing = read_timing(tmp_path / f"film{suffix}")
        assert (timing.rate, timing.is_variable) == (12.5, False)
        assert [timing.seconds(i) for i in range(6)] == pytest.approx([0.08 * i for i in range(6)])
        assert [timing.copies(i) for i in range(5)] == [1] * 5


def test_a_pause_is_filled_with_copies():
    seconds = [0, 0.04, 0.08, 0.12, 4.12, 4.16, 4.2]
    timing = Timing(seconds, rate=1.7)
    assert timing.is_variable
    assert timing.rate == pytest.approx(25)
    assert [timing.seconds(i) for i in range(7)] == seconds
    assert [timing.copies(i) for i in range(7)] == [1, 1, 1, 100, 1, 1, 1]


def test_stamps_without_meaning_are_not_used():
    for seconds in ([], [0.0], [0.0, 0.0, 0.0], [1.0, 0.5]):
        timing = Timing(seconds, rate=20.0)
        assert [timing.seconds(i) for i in range(3)] == [0, 0.05, 0.1]
        assert timing.copies(1) == 1


def test_a_long_pause_does_not_make_a_huge_video():
    timing = Timing([0, 0.02, 0.04, 36000], rate=1.0)
    assert sum(timing.copies(i) for i in range(4)) < 2000

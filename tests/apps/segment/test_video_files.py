"""Frames in, frames out."""

import os

import cv2
import numpy as np
import pytest

from freecp_d2.apps.segment.video_files import Timing, frames_of, middle_frame, open_video
from freecp_d2.apps.segment.video_sinks import VideoSink

from .samples import write_video


def test_frames_are_read_in_order_and_colour(tmp_path):
    for codec, suffix in (("mp4v", ".mp4"), ("MJPG", ".avi")):
        path = tmp_path / f"film{suffix}"
        frames = write_video(path, num_frames=5, rate=12.5, codec=codec, suffix=suffix)
        capture, info = open_video(path)
        found = list(frames_of(capture))
        assert info == (12.5, 5, True)
        assert len(found) == 5
        for frame, expected in zip(found, frames, strict=True):
            assert frame.shape == expected.shape
            assert np.abs(frame.astype(int) - expected).mean() < 12  # lossy


def test_a_sink_keeps_rate_number_and_size(tmp_path):
    for size in ((48, 64), (49, 65), (1, 1), (2, 200)):
        path = tmp_path / "a.mp4"
        path.unlink(missing_ok=True)
        sink = VideoSink(path, Timing([], 23.976), size)
        for number in range(10):
            sink.write(np.full((*size, 3), 20 * number, dtype=np.uint8), number)
            assert not path.exists()
        sink.close()
        capture = cv2.VideoCapture(str(path))
        assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(23.976, abs=1e-3)
        frames = list(frames_of(capture))
        assert len(frames) == 10
        assert frames[0].shape == (size[0] + size[0] % 2, size[1] + size[1] % 2, 3)
        assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_discarded_sink_leaves_no_file(tmp_path):
    sink = VideoSink(tmp_path / "a.mp4", Timing([], 25.0), (48, 64))
    sink.write(np.zeros((48, 64, 3), dtype=np.uint8), 0)
    sink.discard()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="cannot write an MP4"):
        VideoSink(tmp_path / "no" / "a.mp4", Timing([], 25.0), (48, 64))


def test_paths_that_are_not_utf8_are_refused(tmp_path):
    """OpenCV aborts the process for such a path."""
    path = tmp_path / os.fsdecode(b"film\xff.mp4")
    write_video(tmp_path / "film.mp4", num_frames=3)
    assert middle_frame(tmp_path / "film.mp4").shape == (48, 64, 3)
    (tmp_path / "film.mp4").rename(path)
    with pytest.raises(ValueError, match="UTF-8"):
        open_video(path)
    with pytest.raises(ValueError, match="UTF-8"):
        VideoSink(path, Timing([], 25.0), (48, 64))

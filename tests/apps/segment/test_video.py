"""Videos: frames in, frames out, their times, and a whole one through a real model."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from freecp_d2.apps.segment.image_record import find_record
from freecp_d2.apps.segment.inputs import Source
from freecp_d2.apps.segment.video import label_video
from freecp_d2.apps.segment.video_files import (
    Timing,
    VideoSink,
    frames_of,
    middle_frame,
    open_video,
    read_timing,
)
from freecp_d2.text import load_vocabulary

from .samples import PAGE_WORDS, SMALL, settings, write_video


@pytest.fixture
def given(tmp_path):
    return settings(tmp_path / "out", opts=SMALL, vocabulary=load_vocabulary(PAGE_WORDS))


def label(predictor, path, given):
    return label_video(predictor, Source(path, Path("f"), True), Path("film"), given)


def test_frames_are_read_in_order_colour_and_time(tmp_path):
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
        timing = read_timing(path)
        assert (timing.rate, timing.is_variable) == (12.5, False)
        assert [timing.seconds(i) for i in range(6)] == pytest.approx([0.08 * i for i in range(6)])


def test_each_frame_has_its_own_time():
    seconds = [0, 0.04, 0.08, 0.12, 4.12, 4.16, 4.2]
    timing = Timing(seconds, rate=25.0)
    assert (timing.is_variable, timing.rate) == (True, pytest.approx(6 / 4.2))
    assert [timing.seconds(i) for i in range(7)] == seconds
    for meaningless in ([], [0.0], [0.0, 0.0, 0.0], [1.0, 0.5]):
        timing = Timing(meaningless, rate=20.0)
        assert [timing.seconds(i) for i in range(3)] == pytest.approx([0, 0.05, 0.1])


def test_a_sink_keeps_rate_and_number_and_refuses_other_paths(tmp_path):
    timing = Timing([], 23.976)
    with VideoSink(tmp_path / "a.mp4", timing, (50, 66), tmp_path) as sink:
        for number in range(10):
            sink.write(np.full((50, 66, 3), 20 * number, dtype=np.uint8), number)
    capture, info = open_video(tmp_path / "a.mp4")
    assert info == (pytest.approx(23.976, abs=1e-3), 10, True)
    assert [frame.shape for frame in frames_of(capture)] == [(50, 66, 3)] * 10
    with pytest.raises(OSError, match="cannot write an MP4"):
        VideoSink(tmp_path / "no" / "a.mp4", timing, (48, 64), tmp_path)


def test_paths_that_are_not_utf8_are_refused(tmp_path):
    """OpenCV aborts the process for such a path."""
    path = tmp_path / os.fsdecode(b"film\xff.mp4")
    write_video(tmp_path / "film.mp4", num_frames=3)
    assert middle_frame(tmp_path / "film.mp4").shape == (48, 64, 3)
    (tmp_path / "film.mp4").rename(path)
    with pytest.raises(ValueError, match="UTF-8"):
        open_video(path)
    with pytest.raises(ValueError, match="UTF-8"):
        VideoSink(path, Timing([], 25.0), (48, 64), path)


def test_every_frame_is_labelled(predictor, given, tmp_path):
    path = tmp_path / "film.mp4"
    write_video(path, num_frames=3)
    record = label(predictor, path, given)
    assert (record["frames"], record["frames_per_second"], record["problem"]) == (3, 12.5, "")
    lines = (given.output / "film_frames.jsonl").read_text().splitlines()
    frames = [json.loads(line) for line in lines]
    times = [(frame["frame"], frame["seconds"]) for frame in frames]
    assert times == [(0, 0.0), (1, 0.08), (2, 0.16)]
    for frame in frames:
        assert sum(entry["share"] for entry in frame["visible"]) == pytest.approx(1, abs=1e-4)
        assert {word["name"] for word in frame["words"]} == set(PAGE_WORDS.split("; "))
    means = {entry["name"]: entry["share"] for entry in record["visible"]}
    for name, mean in means.items():
        found = [e["share"] for frame in frames for e in frame["visible"] if e["name"] == name]
        assert sum(found) / 3 == pytest.approx(mean, abs=1e-4)
    assert open_video(given.output / "film_labelled.mp4")[1] == (12.5, 3, True)
    assert find_record(Source(path, Path("f"), True), Path("film"), given) == record


def test_a_cut_video_is_labelled_to_its_end(predictor, given, tmp_path):
    path = tmp_path / "film.avi"
    write_video(path, num_frames=8, codec="MJPG", suffix=".avi")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    record = label(predictor, path, given)
    assert 0 < record["frames"] < 8
    assert record["problem"].startswith(f"it breaks off: {record['frames']} of 8 frames")
    lines = (given.output / "film_frames.jsonl").read_text().splitlines()
    assert len(lines) == record["frames"]


def test_a_video_that_cannot_be_read_leaves_no_file(predictor, given, tmp_path):
    for content in (None, b"", b"no video", bytes(5000)):
        if content is not None:
            (tmp_path / "film.mp4").write_bytes(content)
        with pytest.raises(ValueError, match=r"it cannot be opened|there is no such file"):
            label(predictor, tmp_path / "film.mp4", given)
        assert not list(given.output.rglob("*.*"))

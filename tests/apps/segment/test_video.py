"""A video through a real model."""

import json
from pathlib import Path

import cv2
import pytest

from freecp_d2.apps.segment.image_record import find_record
from freecp_d2.apps.segment.inputs import Source
from freecp_d2.apps.segment.video import label_video
from freecp_d2.text import load_vocabulary

from .samples import PAGE_WORDS, SMALL, settings, write_video


@pytest.fixture
def given(tmp_path):
    return settings(tmp_path / "out", opts=SMALL, vocabulary=load_vocabulary(PAGE_WORDS))


def label(predictor, path, given):
    return label_video(predictor, Source(path, Path("f"), True), Path("film"), given)


def test_every_frame_is_labelled(predictor, given, tmp_path):
    write_video(tmp_path / "film.mp4", num_frames=3, size=(49, 65), rate=12.5)
    record = label(predictor, tmp_path / "film.mp4", given)
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
    capture = cv2.VideoCapture(str(given.output / "film_labelled.mp4"))
    assert capture.get(cv2.CAP_PROP_FPS) == 12.5
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    source = Source(tmp_path / "film.mp4", Path("f"), True)
    assert find_record(source, Path("film"), given) == record


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
    for content in (None, b"", bytes(5000)):
        if content is not None:
            (tmp_path / "film.mp4").write_bytes(content)
        with pytest.raises(ValueError, match=r"it cannot be opened|there is no such file"):
            label(predictor, tmp_path / "film.mp4", given)
        assert not list(given.output.rglob("*.*"))

"""Read and write videos frame by frame with OpenCV, and the times at which frames are shown."""

import itertools
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np

# Broken files are reported by name, without the messages of OpenCV and FFmpeg.
_set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel  # OpenCV 4, 5
_set_log_level(0)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

NO_SOUND = "left out"

_EXACT = (".3gp", ".avi", ".m4v", ".mov", ".mp4")
"""Suffixes of formats that store the number of frames; others store their length."""

_USUAL_RATE = 25.0

_STEADY = 0.25  # containers round time stamps to milliseconds

_CODECS = {"vp09": "VP9", "mp4v": "MPEG-4 Part 2"}
"""VP9, which browsers play, or MPEG-4 Part 2 if OpenCV was built without VP9."""


class VideoInfo(NamedTuple):
    """Frames a second, the expected number of frames (0: unknown), and whether it is exact."""

    rate: float
    num_frames: int
    is_exact: bool


def open_video(path: Path) -> tuple[cv2.VideoCapture, VideoInfo]:
    """The opened video; ValueError with the reason if OpenCV cannot read it."""
    _check_utf8(path)
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise ValueError("it cannot be opened as a video; is it complete, or of another format?")
    rate = capture.get(cv2.CAP_PROP_FPS)
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    is_rate = math.isfinite(rate) and 0 < rate <= 1000
    is_count = math.isfinite(count) and 0 < count < 1e9
    return capture, VideoInfo(
        rate if is_rate else _USUAL_RATE,
        int(count) if is_count else 0,
        path.suffix.lower() in _EXACT,
    )


def frames_of(capture: cv2.VideoCapture) -> Iterator[np.ndarray]:
    """
    Upright frames with square pixels, which discs and cameras may not store: uint8 RGB (H, W, 3),
    resized to the size of the first.
    """
    size: tuple[int, int] | None = None
    aspect = _pixel_aspect(capture)
    while True:
        is_read, frame = capture.read()
        if not is_read:
            return
        height, width = frame.shape[:2]
        size = size or (round(width * max(aspect, 1)), round(height / min(aspect, 1)))
        if (width, height) != size:
            rule = cv2.INTER_LINEAR if size[0] > width or size[1] > height else cv2.INTER_AREA
            frame = cv2.resize(frame, size, interpolation=rule)
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def _pixel_aspect(capture: cv2.VideoCapture) -> float:
    """Width of a pixel by its height, as the frames are turned."""
    wide, high = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
    if not (wide > 0 and high > 0 and 0.1 < wide / high < 10):
        return 1.0
    is_turned = capture.get(cv2.CAP_PROP_ORIENTATION_META) in (90, 270)
    return high / wide if is_turned else wide / high


def middle_frame(path: Path) -> np.ndarray:
    """The frame in the middle, uint8 RGB (H, W, 3), or the first if seeking fails."""
    capture, info = open_video(path)
    for position in (info.num_frames // 2, 0):
        capture.set(cv2.CAP_PROP_POS_FRAMES, position)
        is_read, frame = capture.read()
        if is_read:
            return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    raise ValueError(f"{path}: no frame can be read")


def _check_utf8(path: Path) -> None:
    """ValueError if the path is not UTF-8: OpenCV would abort the process."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise ValueError("OpenCV needs a path in UTF-8; rename the video or its folder") from error


class Timing:
    """
    The times of the frames.

    Args:
        seconds: of each frame; without meaning unless they increase.
        rate: frames a second of the container; replaced by the average if the steps vary.
    """

    def __init__(self, seconds: Sequence[float], rate: float):
        steps = [b - a for a, b in itertools.pairwise(seconds)]
        self.rate, self.is_variable = rate, False
        self._seconds: tuple[float, ...] = ()
        self._step = 1 / rate
        if steps and min(steps) > 0:
            self._seconds, self._step = tuple(seconds), median(steps)
            self.is_variable = max(abs(s - self._step) for s in steps) > _STEADY * self._step
        if self.is_variable:
            self.rate = round(len(steps) / (seconds[-1] - seconds[0]), 6)

    def seconds(self, number: int) -> float:
        """When a frame is shown."""
        if number < len(self._seconds):
            return self._seconds[number]
        return self.end + (number - len(self._seconds)) * self._step

    @property
    def end(self) -> float:
        """When the last frame ends; 0 if it is unknown."""
        return self._seconds[-1] + self._step if self._seconds else 0.0


def read_timing(path: Path) -> Timing:
    """Read the time stamps of all frames, which decodes the video once."""
    capture, info = open_video(path)
    seconds = []
    while capture.grab():
        seconds.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    return Timing(seconds, info.rate)


class VideoSink:
    """
    A context that writes an MP4 with OpenCV, at the average rate and without sound.

    Args:
        size: (H, W) of the frames, even numbers.
        source: the video whose sound another sink keeps.
    """

    sound = NO_SOUND

    def __init__(self, path: Path, timing: Timing, size: tuple[int, int], source: Path):
        _check_utf8(path)
        self.is_resampled = timing.is_variable
        for name, self.codec in _CODECS.items():
            fourcc = cv2.VideoWriter.fourcc(*name)
            self.writer = cv2.VideoWriter(str(path), fourcc, timing.rate, size[::-1])
            if self.writer.isOpened():
                return
        raise OSError(f"OpenCV cannot write an MP4 into {path.parent}")

    def __enter__(self) -> "VideoSink":
        return self

    def __exit__(self, *error: object) -> None:
        self.writer.release()

    def write(self, frame: np.ndarray, number: int) -> None:
        """Append the frame of that number, uint8 RGB (H, W, 3)."""
        self.writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))

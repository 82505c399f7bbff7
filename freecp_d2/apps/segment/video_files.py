"""Read videos frame by frame with OpenCV, and the times at which the frames are shown."""

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

_EXACT = (".3gp", ".avi", ".m4v", ".mov", ".mp4")
"""Suffixes of formats that store the number of frames; others store their length."""

_USUAL_RATE = 25.0

_STEADY = 0.25  # containers round time stamps to milliseconds

_MOST_RATE, _MOST_COPIES, _FEW_FRAMES = 60.0, 10, 1500


class VideoInfo(NamedTuple):
    """Frames a second, the expected number of frames (0: unknown), and whether it is exact."""

    rate: float
    num_frames: int
    is_exact: bool


def open_video(path: Path) -> tuple[cv2.VideoCapture, VideoInfo]:
    """The opened video; ValueError with the reason if OpenCV cannot read it."""
    check_utf8(path)
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
    Upright frames with square pixels, uint8 RGB (H, W, 3), resized to the size of the first.

    Videos of discs and cameras may store pixels that are wider or narrower than high.
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
    try:
        for position in (info.num_frames // 2, 0):
            capture.set(cv2.CAP_PROP_POS_FRAMES, position)
            is_read, frame = capture.read()
            if is_read:
                return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    finally:
        capture.release()
    raise ValueError(f"{path}: no frame can be read")


def check_utf8(path: Path) -> None:
    """ValueError if the path is not UTF-8: OpenCV would abort the process."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise ValueError("OpenCV needs a path in UTF-8; rename the video or its folder") from error


class Timing:
    """
    The times of the frames, and a constant rate that shows each of them at its time.

    Attributes:
        rate: frames a second of a video with this timing.
        is_variable: frames are repeated or left out to keep the timing at a constant rate.
    """

    def __init__(self, seconds: Sequence[float], rate: float):
        """
        Args:
            seconds: of each frame; without meaning unless they increase.
            rate: of the container, an average.
        """
        steps = [b - a for a, b in itertools.pairwise(seconds)]
        self.rate, self.is_variable = rate, False
        self._seconds: Sequence[float] = ()
        if not steps or min(steps) <= 0:
            return
        self._seconds, step = seconds, median(steps)
        self.is_variable = max(abs(each - step) for each in steps) > _STEADY * step
        if self.is_variable:
            most = (_MOST_COPIES * len(seconds) + _FEW_FRAMES) / (seconds[-1] - seconds[0])
            self.rate = round(min(1 / step, _MOST_RATE, most), 6)

    def seconds(self, number: int) -> float:
        """When a frame is shown."""
        if number < len(self._seconds):
            return self._seconds[number]
        start = self._seconds[-1] if self._seconds else 0.0
        return start + (number - max(len(self._seconds) - 1, 0)) / self.rate

    def copies(self, number: int) -> int:
        """How often a frame is written at the constant rate; the last one once."""
        if not self.is_variable or number + 1 >= len(self._seconds):
            return 1
        start = self._seconds[0]
        first, following = (
            round((self._seconds[i] - start) * self.rate) for i in (number, number + 1)
        )
        return following - first

    @property
    def end(self) -> float:
        """When the last frame ends; 0 if it is unknown."""
        return self._seconds[-1] + 1 / self.rate if self._seconds else 0.0


def read_timing(path: Path) -> Timing:
    """
    Read the time stamps of all frames, which decodes the video once.

    Raises:
        ValueError: OpenCV cannot read it as a video.
    """
    capture, info = open_video(path)
    seconds = []
    try:
        while capture.grab():
            seconds.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    finally:
        capture.release()
    return Timing(seconds, info.rate)

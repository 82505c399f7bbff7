"""When the frames of a video are shown, by their time stamps, which need not be evenly spaced."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import cv2

from .video_files import open_video

_STEADY = 0.25  # containers round time stamps to milliseconds
_MOST_RATE, _MOST_COPIES, _FEW_FRAMES = 60.0, 10, 1500


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

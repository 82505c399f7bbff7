"""Read and write videos frame by frame with OpenCV."""

import math
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

# Broken files are reported by name, without the messages of OpenCV and FFmpeg.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

_CODECS = ("vp09", "mp4v")
"""VP9, which browsers play, or MPEG-4 Part 2 if OpenCV was built without VP9."""

_EXACT = (".3gp", ".avi", ".m4v", ".mov", ".mp4")
"""Suffixes of formats that store the number of frames; others store their length."""

_USUAL_RATE = 25.0


class VideoInfo(NamedTuple):
    """Frames a second, the expected number of frames (0: unknown), and whether it is exact."""

    rate: float
    num_frames: int
    is_exact: bool


def open_video(path: Path) -> tuple[cv2.VideoCapture, VideoInfo]:
    """
    Raises:
        ValueError: OpenCV cannot read it as a video; the message is the reason.
    """
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


class VideoSink:
    """
    Writes an MP4 to a temporary file, and renames it when it is closed.

    An odd side of the frames gets a copy of the last row or column: the formats need even sides.

    Args:
        rate: frames a second.
        size: (H, W) of the frames.

    Raises:
        OSError, ValueError: the file cannot be written; its path is not UTF-8.
    """

    def __init__(self, path: Path, rate: float, size: tuple[int, int]):
        _check_utf8(path)
        self.path = path
        self.temporary = path.with_name(f".{os.getpid()}.{uuid.uuid4().hex}.tmp{path.suffix}")
        self.padding = size[0] % 2, size[1] % 2
        whole = size[1] + self.padding[1], size[0] + self.padding[0]
        for codec in _CODECS:
            fourcc = cv2.VideoWriter.fourcc(*codec)
            self.writer = cv2.VideoWriter(str(self.temporary), fourcc, rate, whole)
            if self.writer.isOpened():
                return
        self.discard()
        raise OSError(f"{path}: OpenCV cannot write an MP4 here")

    def write(self, frame: np.ndarray, copies: int = 1) -> None:
        """Append copies of a frame, uint8 RGB (H, W, 3)."""
        bottom, right = self.padding
        if bottom or right:
            frame = cv2.copyMakeBorder(frame, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        frame = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        for _ in range(copies):
            self.writer.write(frame)

    def close(self) -> None:
        """Finish the file and rename it."""
        self.writer.release()
        if not self.temporary.is_file() or not self.temporary.stat().st_size:
            self.discard()
            raise OSError(f"{self.path}: OpenCV wrote nothing; is the disk full?")
        os.replace(self.temporary, self.path)

    def discard(self) -> None:
        """Remove the temporary file."""
        self.writer.release()
        self.temporary.unlink(missing_ok=True)


def _check_utf8(path: Path) -> None:
    """OpenCV aborts the process if a path is not UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise ValueError("OpenCV needs a path in UTF-8; rename the video or its folder") from error

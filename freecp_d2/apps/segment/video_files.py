"""
Videos as OpenCV reads and writes them, frame by frame.

Shape shorthand in this module: H, W pixels.
"""

import math
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

__all__ = ["VideoInfo", "VideoSink", "frames_of", "open_video"]

_CODECS = ("vp09", "mp4v")
"""VP9, which browsers play; MPEG-4 Part 2, where OpenCV was built without it."""

_EXACT = (".3gp", ".avi", ".m4v", ".mov", ".mp4")
"""Endings of files that count their frames; others tell how long they are."""

_USUAL_RATE = 25.0


class VideoInfo(NamedTuple):
    """Frames a second, how many frames there should be (0: not said), whether that is exact."""

    rate: float
    num_frames: int
    is_exact: bool


def open_video(path: Path) -> tuple[cv2.VideoCapture, VideoInfo]:
    """
    Raises:
        ValueError: OpenCV cannot read it as a video; the message is the reason.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # as `_quiet`, for the library below
    with _quiet(), _in_utf8(path) as spelt:
        capture = cv2.VideoCapture(str(spelt))
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
    """Upright frames, uint8 RGB (H, W, 3), all of the size of the first."""
    size: tuple[int, int] | None = None
    while True:
        with _quiet():
            is_read, frame = capture.read()
        if not is_read:
            return
        size = size or (frame.shape[1], frame.shape[0])
        if (frame.shape[1], frame.shape[0]) != size:
            frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


class VideoSink:
    """
    An MP4 that appears whole, when it is closed, or not at all.

    Args:
        path: of the MP4; its folder exists.
        rate: frames a second.
        size: (H, W) of the frames; an odd side gets one more row or column, a copy of the last, for
            the formats have none.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, rate: float, size: tuple[int, int]):
        self.path = path
        self.aside = path.with_name(f".{os.getpid()}.{uuid.uuid4().hex}.tmp{path.suffix}")
        self.padding = size[0] % 2, size[1] % 2
        whole = size[1] + self.padding[1], size[0] + self.padding[0]
        for codec in _CODECS:
            with _quiet(), _in_utf8(self.aside.parent) as folder:
                self.writer = cv2.VideoWriter(
                    str(folder / self.aside.name), cv2.VideoWriter.fourcc(*codec), rate, whole
                )
            if self.writer.isOpened():
                return
        self.discard()
        raise OSError(f"{path}: OpenCV cannot write an MP4 here")

    def write(self, frame: np.ndarray) -> None:
        """Add a frame, uint8 RGB (H, W, 3)."""
        bottom, right = self.padding
        if bottom or right:
            frame = cv2.copyMakeBorder(frame, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        self.writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))

    def close(self) -> None:
        """Complete the file."""
        self.writer.release()
        if not self.aside.is_file() or not self.aside.stat().st_size:
            self.discard()
            raise OSError(f"{self.path}: OpenCV wrote nothing; is the disk full?")
        os.replace(self.aside, self.path)

    def discard(self) -> None:
        """Leave no file."""
        self.writer.release()
        self.aside.unlink(missing_ok=True)


@contextmanager
def _in_utf8(path: Path) -> Iterator[Path]:
    """
    A name under which OpenCV can open a file, or one in a folder: a name that is no UTF-8 ends the
    whole process there. It is a link, and gone once the file is open.
    """
    if _is_utf8(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        if not _is_utf8(Path(folder)):
            raise ValueError("its name is no UTF-8, nor is that of the folder TMPDIR; rename one")
        link = Path(folder) / f"link{path.suffix if path.suffix.isascii() else ''}"
        link.symlink_to(path.absolute())
        yield link


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _quiet() -> Iterator[None]:
    """Without OpenCV's own lines about broken files, which are reported by name."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)

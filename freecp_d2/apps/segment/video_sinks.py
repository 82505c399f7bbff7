"""Write labelled videos with OpenCV; `video_av.py` writes them with PyAV, with sound."""

import os
import uuid
from pathlib import Path

import cv2
import numpy as np

from .video_files import Timing, check_utf8

_CODECS = {"vp09": "VP9", "mp4v": "MPEG-4 Part 2"}
"""VP9, which browsers play, or MPEG-4 Part 2 if OpenCV was built without VP9."""

NO_SOUND = "left out"
SILENT_VIDEOS = (
    'The labelled videos have no sound; pip install "freecp_d2[video]" and --force keep it, as '
    "H.264."
)


class VideoSink:
    """
    Writes an MP4 to a temporary file, and renames it when it is closed.

    An odd side of the frames gets a copy of the last row or column: the formats need even sides.
    This class writes with OpenCV, at a constant rate and without sound.

    Args:
        timing: of the frames.
        size: (H, W) of the frames.

    Attributes:
        codec, sound: of the file, for the record.
        is_resampled: frames are repeated or left out.

    Raises:
        OSError, ValueError: the file cannot be written; its path is not UTF-8.
    """

    sound = NO_SOUND

    def __init__(self, path: Path, timing: Timing, size: tuple[int, int]):
        check_utf8(path)
        self.path, self.timing = path, timing
        self.temporary = path.with_name(f".{os.getpid()}.{uuid.uuid4().hex}.tmp{path.suffix}")
        self.padding = size[0] % 2, size[1] % 2
        self.is_resampled = timing.is_variable
        self.codec = ""
        self._open(size[0] + self.padding[0], size[1] + self.padding[1])

    def write(self, frame: np.ndarray, number: int) -> None:
        """Append the frame of that number, uint8 RGB (H, W, 3)."""
        bottom, right = self.padding
        if bottom or right:
            frame = cv2.copyMakeBorder(frame, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        self._write(frame, number)

    def close(self) -> None:
        """Finish the file and rename it."""
        self._finish()
        if not self.temporary.is_file() or not self.temporary.stat().st_size:
            self.discard()
            raise OSError(f"{self.path}: nothing was written; is the disk full?")
        os.replace(self.temporary, self.path)

    def discard(self) -> None:
        """Remove the temporary file."""
        try:
            self._release()
        finally:
            self.temporary.unlink(missing_ok=True)

    def _open(self, height: int, width: int) -> None:
        for name, self.codec in _CODECS.items():
            fourcc = cv2.VideoWriter.fourcc(*name)
            size = (width, height)
            self.writer = cv2.VideoWriter(str(self.temporary), fourcc, self.timing.rate, size)
            if self.writer.isOpened():
                return
        self.discard()
        raise OSError(f"{self.path}: OpenCV cannot write an MP4 here")

    def _write(self, frame: np.ndarray, number: int) -> None:
        frame = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        for _ in range(self.timing.copies(number)):
            self.writer.write(frame)

    def _finish(self) -> None:
        self.writer.release()

    def _release(self) -> None:
        self.writer.release()

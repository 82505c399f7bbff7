"""One video: each frame labelled, as a video again and as a line of JSON; its record last."""

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np

from ...engine.predictor import Predictor
from ...utils.files import blaming
from ...visualization.shares import class_counts, visible_shares
from ...visualization.video_frame import draw_frame
from .decisions import classes_of, decisions_of, visible_of
from .inputs import Source
from .outputs import ENDINGS
from .reading import check_file
from .records import check_record, files_of, forget_record, head_of, write_record
from .settings import FORMAT, Settings
from .video_files import VideoInfo, VideoSink, frames_of, open_video

__all__ = ["label_video"]


def label_video(
    predictor: Predictor,
    source: Source,
    name: Path,
    settings: Settings,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """
    Write `NAME_labelled.mp4`, `NAME_frames.jsonl` and `NAME.json`.

    Args:
        progress: is told the frames that are done and those there should be, 0 if that is not said.

    Returns:
        dict: the record; `problem` says why not all frames came, "" if they did.

    Raises:
        ValueError: it cannot be read, or a frame is too large; the message is the reason.
        OSError: a file cannot be written.
    """
    check_file(source.path)
    check_record(settings.output, name)
    head = head_of(source, settings)
    capture, info = open_video(source.path)
    folder = (settings.output / name).parent
    folder.mkdir(parents=True, exist_ok=True)
    forget_record(settings.output, name)
    files = {kind: f"{name.name}{ENDINGS[kind]}" for kind in ("video", "frames")}
    try:
        found = _Frames(predictor, settings, info, progress).label(
            capture, folder / files["video"], folder / files["frames"]
        )
    finally:
        capture.release()
    record = {"format": FORMAT, "kind": "video", **head, **found, **files_of(folder, files)}
    write_record(settings.output, name, record)
    return record


class _Frames:
    """The frames of one video, one after the other."""

    def __init__(
        self,
        predictor: Predictor,
        settings: Settings,
        info: VideoInfo,
        progress: Callable[[int, int], None] | None,
    ):
        self.predictor = predictor
        self.settings = settings
        self.info = info
        self.progress = progress
        self.summary: dict[str, Any] = {}
        self.counts: np.ndarray | None = None

    def label(self, capture: cv2.VideoCapture, video: Path, lines: Path) -> dict[str, Any]:
        """The frames' part of the record; both files appear together, or neither."""
        sink: VideoSink | None = None
        aside = lines.with_name(f".{os.getpid()}.{uuid.uuid4().hex}.tmp")
        num_frames = 0
        try:
            with blaming(lines), aside.open("w", encoding="utf-8") as file:
                for frame in frames_of(capture):
                    sink = sink or self._open(frame, video)
                    sink.write(self._label(frame, num_frames, file))
                    num_frames += 1
                    if self.progress:
                        self.progress(num_frames, self.info.num_frames)
            if sink is None:
                raise ValueError("it has no frame that can be read")
            sink.close()
            os.replace(aside, lines)
        except BaseException:
            if sink:
                sink.discard()
            raise
        finally:
            aside.unlink(missing_ok=True)
        return self._result(num_frames)

    def _open(self, frame: np.ndarray, video: Path) -> VideoSink:
        height, width = frame.shape[:2]
        if height * width > 1e6 * self.settings.max_megapixels:
            raise ValueError(
                f"its frames have {width} x {height} pixels; the limit is "
                f"{self.settings.max_megapixels:g} megapixels, see --max-megapixels"
            )
        return VideoSink(video, self.info.rate, (height, width))

    def _label(self, frame: np.ndarray, index: int, file: TextIO) -> np.ndarray:
        prediction = self.predictor(frame, channels="RGB")
        counts = class_counts(prediction.label_map, len(prediction.names))
        self.counts = counts if self.counts is None else self.counts + counts
        shares = visible_shares(counts)
        decisions = decisions_of(prediction, shares)
        if not index:
            self.summary = {
                "size": decisions["size"],
                "classes": classes_of(prediction),
            }
        line = {"frame": index, "seconds": round(index / self.info.rate, 4)}
        line |= {key: decisions[key] for key in ("visible", "thresholds", "words", "groups")}
        file.write(json.dumps(line, allow_nan=False) + "\n")
        return draw_frame(
            prediction.image, prediction.label_map, prediction.names, prediction.colors, shares
        )

    def _result(self, num_frames: int) -> dict[str, Any]:
        assert self.counts is not None, "there was a frame"
        names = [entry["name"] for entry in self.summary["classes"]]
        return {
            **self.summary,
            "frames": num_frames,
            "frames_per_second": self.info.rate,
            "problem": _problem(num_frames, self.info),
            "visible": visible_of(visible_shares(self.counts), names),
        }


def _problem(num_frames: int, info: VideoInfo) -> str:
    """Why fewer frames came than there should be; an estimated length may be off by a tenth."""
    least = info.num_frames - 1 if info.is_exact else 0.9 * info.num_frames - 2
    if num_frames >= least:
        return ""
    return (
        f"it breaks off: {num_frames} of {info.num_frames} frames could be read, which are labelled"
    )

"""Label one video frame by frame, as a video and as lines of JSON; its record is written last."""

import importlib.util
import json
import os
import uuid
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from tqdm import tqdm

from ...engine.predictor import Predictor
from ...utils.files import blaming, printable
from ...visualization.drawing import draw_frame
from ...visualization.legend import class_counts, visible_shares
from .decisions import classes_of, decisions_of, visible_of
from .image_record import Settings, forget_record, head_of, result_path, write_record
from .inputs import Source, check_file
from .video_files import Timing, VideoInfo, frames_of, open_video, read_timing
from .video_sinks import VideoSink


def label_video(
    predictor: Predictor, source: Source, name: Path, settings: Settings
) -> dict[str, Any]:
    """
    Write `NAME_labelled.mp4`, `NAME_frames.jsonl` and `NAME.json`, with a progress bar.

    Returns:
        dict: the record; `problem` says why frames are missing, or "".

    Raises:
        ValueError: the video cannot be read, or a frame is too large; the message is the reason.
    """
    check_file(source.path)
    head = head_of(source, settings)
    capture, info = open_video(source.path)
    kinds = ("video", "frames")
    video, lines = (result_path(settings.output, name, kind) for kind in kinds)
    forget_record(settings.output, name)
    timing = read_timing(source.path)
    frames = _Frames(predictor, info, timing)
    sink: VideoSink | None = None
    temporary = lines.with_name(f".{os.getpid()}.{uuid.uuid4().hex}.tmp")
    bar = tqdm(
        frames_of(capture),
        total=info.num_frames or None,
        unit=" frames",
        desc=printable(source.path.name)[-24:],
        leave=False,
        disable=None,
    )
    try:
        with blaming(lines), temporary.open("w", encoding="utf-8") as file:
            for frame in bar:
                if sink is None:
                    _check_size(frame, settings.max_megapixels)
                    sink = _open_sink(video, timing, frame.shape[:2], source.path)
                sink.write(frames.label(frame, file), frames.number - 1)
        if sink is None:
            raise ValueError("it has no frame that can be read")
        sink.close()
        os.replace(temporary, lines)
    except BaseException:
        if sink:
            sink.discard()
        raise
    finally:
        capture.release()
        temporary.unlink(missing_ok=True)
    written = {"codec": sink.codec, "sound": sink.sound, "resampled": sink.is_resampled}
    return write_record(settings.output, name, head | frames.record() | written, kinds)


def _open_sink(path: Path, timing: Timing, size: tuple[int, int], source: Path) -> VideoSink:
    """A sink of PyAV, which keeps the sound of `source`, or of OpenCV if PyAV is not installed."""
    if importlib.util.find_spec("av") is None:
        return VideoSink(path, timing, size)
    from .video_av import SoundSink  # PyAV is optional

    return SoundSink(path, timing, size, source)


class _Frames:
    """Labels frames, and accumulates their part of the record."""

    def __init__(self, predictor: Predictor, info: VideoInfo, timing: Timing):
        self.predictor = predictor
        self.info, self.timing = info, timing
        self.number = 0
        self.size: dict[str, int] = {}
        self.classes: list[dict[str, Any]] = []
        self.counts: np.ndarray | int = 0

    def label(self, frame: np.ndarray, file: TextIO) -> np.ndarray:
        """Write the line of a frame, and return its overlay."""
        prediction = self.predictor(frame, channels="RGB")
        labels, names, colors = prediction.label_map, prediction.names, prediction.colors
        counts = class_counts(labels, len(names))
        shares = visible_shares(counts)
        decisions = decisions_of(prediction, shares)
        self.size, self.classes = decisions["size"], classes_of(prediction)
        line = {"frame": self.number, "seconds": round(self.timing.seconds(self.number), 4)}
        line |= {key: decisions[key] for key in ("visible", "thresholds", "words", "groups")}
        file.write(json.dumps(line, allow_nan=False) + "\n")
        self.counts = self.counts + counts
        self.number += 1
        return draw_frame(prediction.image, labels, names, colors, shares)

    def record(self) -> dict[str, Any]:
        shares = visible_shares(np.asarray(self.counts))
        expected, problem = self.info.num_frames, ""
        # Frames that a file leaves out on purpose are no break: then the last one is near the end.
        # Some lengths are estimates, of sound that begins earlier and ends later, too.
        slack = 0.0 if self.info.is_exact else 1.0
        is_short = self.number < (expected - 1 if self.info.is_exact else 0.9 * expected - 2)
        if is_short and self.timing.end + slack < 0.95 * expected / self.info.rate:
            problem = f"it breaks off: {self.number} of {expected} frames were read and labelled"
        return {
            "size": self.size,
            "classes": self.classes,
            "frames": self.number,
            "frames_per_second": self.timing.rate,
            "problem": problem,
            "visible": visible_of(shares, [entry["name"] for entry in self.classes]),
        }


def _check_size(frame: np.ndarray, max_megapixels: float) -> None:
    height, width = frame.shape[:2]
    if height * width > 1e6 * max_megapixels:
        raise ValueError(
            f"its frames have {width} x {height} pixels; the limit is {max_megapixels:g} "
            "megapixels, see --max-megapixels"
        )

"""Label one video frame by frame, as a video and as lines of JSON; its record is written last."""

import importlib.util
import itertools
import json
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from tqdm import tqdm

from ...engine.predictor import Predictor
from ...utils.files import printable, whole_file
from ...visualization.drawing import draw_frame
from ...visualization.legend import class_counts, visible_shares
from .decisions import classes_of, decisions_of, visible_of
from .image_record import Settings, forget_record, head_of, write_record
from .inputs import Source, check_file
from .outputs import result_path
from .video_files import Timing, VideoInfo, VideoSink, frames_of, open_video, read_timing


def label_video(
    predictor: Predictor, source: Source, name: Path, settings: Settings
) -> dict[str, Any]:
    """
    Write `NAME_labelled.mp4`, `NAME_frames.jsonl` and `NAME.json`, see `label_input`; `problem` of
    the record says why frames are missing, or is "".

    Raises:
        ValueError: the video cannot be read, or a frame is too large; the message is the reason.
    """
    check_file(source.path)
    head = head_of(source, settings)
    capture, info = open_video(source.path)
    frames = frames_of(capture)
    first = next(frames, None)
    if first is None:
        raise ValueError("it has no frame that can be read")
    height, width = first.shape[:2]
    if height * width > 1e6 * settings.max_megapixels:
        raise ValueError(
            f"its frames have {width} x {height} pixels; the limit is "
            f"{settings.max_megapixels:g} megapixels, see --max-megapixels"
        )
    kinds = ("video", "frames")
    video, lines = (result_path(settings.output, name, kind) for kind in kinds)
    forget_record(settings.output, name)
    timing = read_timing(source.path)
    labeller = _Frames(predictor, info, timing)
    bar = tqdm(
        itertools.chain([first], frames),
        total=info.num_frames or None,
        unit=" frames",
        desc=printable(source.path.name)[-24:],
        leave=False,
        disable=None,
    )
    with whole_file(lines) as new_lines, whole_file(video, ".mp4") as new_video:
        size = height + height % 2, width + width % 2
        with (
            new_lines.open("w", encoding="utf-8") as file,
            _sink_class()(new_video, timing, size, source.path) as sink,
        ):
            for number, frame in enumerate(bar):
                sink.write(_even(labeller.label(frame, file)), number)
        if not new_video.is_file() or not new_video.stat().st_size:
            raise OSError(f"{video}: nothing was written; is the disk full?")
    written = {"codec": sink.codec, "sound": sink.sound, "resampled": sink.is_resampled}
    return write_record(settings.output, name, head | labeller.record() | written, kinds)


def _sink_class() -> Any:
    """The sink of PyAV, which keeps the sound, or of OpenCV if PyAV is not installed."""
    if importlib.util.find_spec("av") is None:
        return VideoSink
    from .video_av import SoundSink  # PyAV is optional

    return SoundSink


def _even(frame: np.ndarray) -> np.ndarray:
    """Repeat the last row or column of odd sides: the formats need even ones."""
    height, width = frame.shape[:2]
    return np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


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

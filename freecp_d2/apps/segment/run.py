"""A whole run: skip finished inputs, label the rest, report inputs that fail."""

import errno
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ...data.images.reading import ImageError, ImageTooLargeError, read_with_note
from ...engine.predictor import Predictor
from ...utils.files import printable, write_whole
from ...visualization.html import render_page
from ...visualization.label_png import read_labels
from .decisions import has_no_word
from .exports import Exporter
from .gallery import Pixels, RunGallery
from .image import label_image
from .image_record import Settings, find_record, note_exports, noted_exports, sweep
from .inputs import FailedInput, Source
from .outputs import PAGE
from .video import label_video
from .video_files import middle_frame
from .video_sinks import NO_SOUND

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of writing that every other input would meet, too."""


@dataclass(frozen=True)
class Task:
    """An input, the name of its result files, and its record if it is finished."""

    source: Source
    name: Path
    record: dict[str, Any] | None


@dataclass
class RunSummary:
    """
    Inputs labelled now and by earlier runs, those of either kind in which no word is left, videos
    labelled now without their sound, and failures. `stopped` is the error of a full or read-only
    disk, or "".
    """

    num_labelled: int = 0
    num_earlier: int = 0
    num_without_words: int = 0
    num_without_sound: int = 0
    failures: list[FailedInput] = field(default_factory=list)
    stopped: str = ""

    def fail_all(self, failures: Iterable[FailedInput]) -> None:
        """Count failures and print them on stderr."""
        for failure in failures:
            self.fail(failure)

    def fail(self, failure: FailedInput) -> None:
        """Count a failure and print it on stderr."""
        self.failures.append(failure)
        tqdm.write(f"{printable(failure.name)}: {failure.reason}", file=sys.stderr)


def plan(
    sources: Sequence[Source], names: Sequence[Path], settings: Settings, force: bool = False
) -> list[Task]:
    """
    Find the finished inputs, and remove temporary files of killed runs.

    `names` are those of the results. With `force`, finished inputs are labelled again.
    """
    for folder in {(settings.output / name).parent for name in names} | {settings.output}:
        sweep(folder)
    return [
        Task(source, name, None if force else find_record(source, name, settings))
        for source, name in zip(sources, names, strict=True)
    ]


def run(
    tasks: Sequence[Task],
    build: Callable[[], Predictor],
    settings: Settings,
    failures: Sequence[FailedInput] = (),
    report: Mapping[str, str] | None = None,
) -> RunSummary:
    """
    Label the inputs without a record, until an error of the disk stops the run.

    Args:
        build: builds the model; called if there is an input to label.
        failures: inputs that could not be found.
        report: facts for the end of `index.html`; None: no page is written.

    Raises:
        OSError, ValueError: `build` failed; nothing was tried.
    """
    predictor = build() if any(task.record is None for task in tasks) else None
    gallery = RunGallery(len(tasks), settings) if report is not None else None
    exporter = Exporter([task.source for task in tasks], settings)
    summary = RunSummary()
    summary.fail_all(failures)
    for task in tqdm(tasks, unit=" inputs", disable=None if tasks else True):
        try:
            record, pixels = _label(task, predictor, settings)
            record, problem = _export(exporter, task, record, pixels)
            if gallery is not None:
                gallery.add(task.name, record, pixels)
        except (ValueError, MemoryError, RuntimeError, OSError) as error:
            if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                summary.stopped = str(error)
                return summary
            problem = _reason(error)
        else:
            summary.num_labelled += task.record is None
            summary.num_earlier += task.record is not None
            summary.num_without_words += has_no_word(record)
            summary.num_without_sound += _lost_sound(task, record)
        if problem:
            summary.fail(FailedInput(printable(task.source.path), problem))
    try:
        summary.fail_all(exporter.finish())
        if gallery is not None and report is not None:
            page = render_page(gallery.page(summary.failures, report))
            write_whole(settings.output / PAGE, page.encode())
    except OSError as error:
        summary.stopped = str(error)
    return summary


def _lost_sound(task: Task, record: Mapping[str, Any]) -> bool:
    return task.record is None and record.get("sound") == NO_SOUND


def _label(
    task: Task, predictor: Predictor | None, settings: Settings
) -> tuple[dict[str, Any], Pixels]:
    """The record of an input, labelled now unless it is finished, and what the page shows of it."""
    source, name, record = task.source, task.name, task.record
    if record is None:
        assert predictor is not None, "`run` builds it if a record is missing"
        if not source.is_video:
            exports = noted_exports(settings.output, name)
            prediction, record = label_image(predictor, source, name, settings)
            if exports:
                record = note_exports(settings.output, name, record, exports)
            return record, lambda: (prediction.image, prediction.label_map)
        record = label_video(predictor, source, name, settings)
    folder = (settings.output / name).parent
    if source.is_video:
        video = folder / record["files"]["video"]
        return record, lambda: (middle_frame(video), None)
    labels, no_word = folder / record["files"]["labels"], record["no_word"]
    limit, reading = 1e6 * settings.max_megapixels, settings.reading
    return record, lambda: (
        read_with_note(source.path, limit, reading=reading).pixels,
        read_labels(labels, no_word),
    )


def _export(
    exporter: Exporter, task: Task, record: dict[str, Any], pixels: Pixels
) -> tuple[dict[str, Any], str]:
    """Write the exports of an image; returns the record, and a problem or ""."""
    if task.source.is_video:
        return record, record.get("problem", "")

    def labels() -> np.ndarray:
        label_map = pixels()[1]
        assert label_map is not None, "an image has labels"
        return label_map

    exports, problem = exporter.write(task.source, task.name, record, labels)
    if exports != record.get("exports", {}):
        record = note_exports(exporter.settings.output, task.name, record, exports)
    return record, problem


def _reason(error: Exception) -> str:
    """Why an input failed, on one line, without its name."""
    if isinstance(error, MemoryError):
        return "it does not fit into memory"
    text = error.reason if isinstance(error, ImageError) else str(error)
    if isinstance(error, ImageTooLargeError):
        text += ", see --max-megapixels"
    return printable(" ".join(text.split()) or type(error).__name__)

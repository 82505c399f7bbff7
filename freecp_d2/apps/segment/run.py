"""A whole run: skip finished inputs, label the rest, report inputs that fail."""

import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ...data.images import ImageError, ImageTooLargeError, read_image
from ...engine.predictor import Predictor
from ...utils.files import printable, write_whole
from ...visualization.html import render_page
from ...visualization.label_png import read_labels
from .decisions import has_no_word
from .gallery import Pixels, RunGallery
from .image import label_image
from .inputs import FailedInput, Source
from .outputs import PAGE
from .records import Settings, find_record, sweep
from .video import label_video
from .video_files import middle_frame

__all__ = ["Progress", "RunSummary", "Task", "plan", "run"]

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
    Attributes:
        num_labelled: inputs that were labelled in this run.
        num_earlier: inputs that an earlier run labelled.
        num_without_words: inputs of either kind in which no word is left.
        failures: inputs that were not labelled, or not to their end.
        stopped: the error if the disk is full or cannot be written to, or ""; the files of labelled
            inputs are complete.
    """

    num_labelled: int = 0
    num_earlier: int = 0
    num_without_words: int = 0
    failures: list[FailedInput] = field(default_factory=list)
    stopped: str = ""


class Progress(Protocol):
    """Shows the progress of a run."""

    def step(self, name: str) -> None:
        """An input is finished or has failed."""

    def frames(self, name: str, done: int, total: int) -> None:
        """`done` frames of a video are labelled; `total` is 0 if the number is unknown."""

    def fail(self, failure: FailedInput) -> None:
        """An input could not be labelled."""


def plan(
    sources: Sequence[Source], names: Sequence[Path], settings: Settings, force: bool = False
) -> list[Task]:
    """
    Find the finished inputs, and remove temporary files of killed runs.

    Args:
        sources, names: inputs and the names of their results, in the same order.
        settings: of the run.
        force: label finished inputs again.
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
    progress: Progress,
    failures: Sequence[FailedInput] = (),
    report: Mapping[str, str] | None = None,
) -> RunSummary:
    """
    Label the inputs without a record, until an error of the disk stops the run.

    Args:
        tasks: see `plan`.
        build: builds the model; called if there is an input to label.
        settings: of the run.
        progress: is notified.
        failures: inputs that could not be found.
        report: facts for the end of `index.html`; None: no page is written.

    Raises:
        OSError, ValueError: `build` failed; nothing was tried.
    """
    predictor = build() if any(task.record is None for task in tasks) else None
    gallery = RunGallery(len(tasks), settings) if report is not None else None
    summary = RunSummary(failures=list(failures))
    for failure in failures:
        progress.fail(failure)
    for task in tasks:
        name = printable(task.source.path)
        try:
            record, pixels = _label(task, predictor, settings, progress)
            if gallery is not None:
                gallery.add(task.name, record, pixels)
        except (ValueError, MemoryError, RuntimeError, OSError) as error:
            if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                summary.stopped = str(error)
                return summary
            problem = _reason(error)
        else:
            problem = record.get("problem", "")
            summary.num_labelled += task.record is None
            summary.num_earlier += task.record is not None
            summary.num_without_words += has_no_word(record)
        if problem:
            summary.failures.append(FailedInput(name, problem))
            progress.fail(summary.failures[-1])
        progress.step(name)
    if gallery is not None and report is not None:
        summary.stopped = _write_page(gallery, summary, settings, report)
    return summary


def _write_page(
    gallery: RunGallery, summary: RunSummary, settings: Settings, report: Mapping[str, str]
) -> str:
    """Write `index.html`; the error of the disk, or ""."""
    page = render_page(gallery.page(summary.failures, report))
    try:
        write_whole(settings.output / PAGE, page.encode())
    except OSError as error:
        return str(error)
    return ""


def _label(
    task: Task, predictor: Predictor | None, settings: Settings, progress: Progress
) -> tuple[dict[str, Any], Pixels]:
    """The record of an input, labelled now unless it is finished, and what the page shows of it."""
    source, name, record = task.source, task.name, task.record
    folder = (settings.output / name).parent
    if source.is_video:
        if record is None:
            assert predictor is not None, "`run` builds it if a record is missing"
            shown = printable(source.path)
            record = label_video(
                predictor, source, name, settings, lambda n, of: progress.frames(shown, n, of)
            )
        video = folder / record["files"]["video"]
        return record, lambda: (middle_frame(video), None)
    if record is None:
        assert predictor is not None, "`run` builds it if a record is missing"
        prediction, record = label_image(predictor, source, name, settings)
        return record, lambda: (prediction.image, prediction.label_map)
    labels, no_word = folder / record["files"]["labels"], record["no_word"]
    limit = 1e6 * settings.max_megapixels
    return record, lambda: (read_image(source.path, limit), read_labels(labels, no_word))


def _reason(error: Exception) -> str:
    """Why an input failed, on one line, without its name."""
    if isinstance(error, MemoryError):
        return "it does not fit into memory"
    text = error.reason if isinstance(error, ImageError) else str(error)
    if isinstance(error, ImageTooLargeError):
        text += ", see --max-megapixels"
    return printable(" ".join(text.split()) or type(error).__name__)

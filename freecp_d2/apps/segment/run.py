"""A whole run: what is done is left alone, what is broken is named, the rest is labelled."""

import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ...engine.predictor import Predictor
from ...utils.files import printable, write_whole
from ...visualization.html import render_page
from .decisions import has_no_word
from .gallery import ImageGallery
from .image import label_image
from .inputs import Failure, Source
from .outputs import PAGE
from .reading import read_input
from .records import find_record, sweep
from .settings import Settings
from .video import label_video

__all__ = ["Outcome", "Progress", "StoppedError", "Task", "plan", "run"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of writing that every other file would meet, too."""


@dataclass(frozen=True)
class Task:
    """An input, what its files are called, and its record if an earlier run has finished it."""

    source: Source
    name: Path
    record: dict[str, Any] | None


@dataclass
class Outcome:
    """
    Attributes:
        num_labelled: inputs that were labelled now.
        num_earlier: inputs that an earlier run had labelled.
        num_without_words: inputs of either kind in which no word is left.
        failures: inputs that could not be, or not to their end.
    """

    num_labelled: int = 0
    num_earlier: int = 0
    num_without_words: int = 0
    failures: list[Failure] = field(default_factory=list)


class StoppedError(OSError):
    """
    Nothing more can be written; what was labelled before is complete.

    Attributes:
        outcome: up to there.
    """

    def __init__(self, error: OSError, outcome: Outcome):
        super().__init__(str(error))
        self.outcome = outcome


class Progress(Protocol):
    """Who shows how far a run is."""

    def step(self, name: str) -> None:
        """An input is done."""

    def frames(self, name: str, done: int, total: int) -> None:
        """Frames of a video are done, of `total`, or of a number that is not known: 0."""

    def fail(self, failure: Failure) -> None:
        """An input could not be labelled."""


def plan(
    sources: Sequence[Source], names: Sequence[Path], settings: Settings, force: bool = False
) -> list[Task]:
    """
    Which inputs are done; what a killed run left half written is removed.

    Args:
        sources, names: as many of each.
        settings: of the run.
        force: none is done.
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
    failures: Sequence[Failure] = (),
    report: Mapping[str, str] | None = None,
) -> Outcome:
    """
    Label what is not done.

    Args:
        tasks: see `plan`.
        build: gives the model, and is called if there is something to label.
        settings: of the run.
        progress: is told what happens.
        failures: of inputs that could not be found.
        report: facts for the foot of `index.html`; None: no page is written.

    Raises:
        StoppedError: the disk is full or cannot be written to, after the model was built.
        OSError, ValueError: of `build`; nothing was tried.
    """
    predictor = build() if any(task.record is None for task in tasks) else None
    gallery = ImageGallery(len(tasks), settings) if report is not None else None
    outcome = Outcome(failures=list(failures))
    for failure in failures:
        progress.fail(failure)
    for task in tasks:
        name = printable(task.source.path)
        try:
            record, problem = _do(task, predictor, settings, progress, gallery)
        except (ValueError, MemoryError, RuntimeError, OSError) as error:
            if isinstance(error, OSError) and error.errno in _FULL:
                raise StoppedError(error, outcome) from error
            problem = _explain(error)
        else:
            outcome.num_labelled += task.record is None
            outcome.num_earlier += task.record is not None
            outcome.num_without_words += has_no_word(record)
        if problem:
            outcome.failures.append(Failure(name, problem))
            progress.fail(outcome.failures[-1])
        progress.step(name)
    if gallery is not None and report is not None:
        _write_page(gallery, outcome, settings, report)
    return outcome


def _write_page(
    gallery: ImageGallery, outcome: Outcome, settings: Settings, report: Mapping[str, str]
) -> None:
    page = render_page(gallery.page(outcome.failures, report))
    try:
        write_whole(settings.output / PAGE, page.encode())
    except OSError as error:
        raise StoppedError(error, outcome) from error


def _do(
    task: Task,
    predictor: Predictor | None,
    settings: Settings,
    progress: Progress,
    gallery: ImageGallery | None,
) -> tuple[dict[str, Any], str]:
    """Label one input, show it; its record, and what is wrong with it all the same."""
    source, name, record = task.source, task.name, task.record
    if source.is_video:
        if record is None:
            assert predictor is not None, "there is something to label"
            shown = printable(source.path)
            record = label_video(
                predictor, source, name, settings, lambda n, of: progress.frames(shown, n, of)
            )
        if gallery is not None:
            gallery.add_video(name, record)
        return record, record["problem"]
    if record is None:
        assert predictor is not None, "there is something to label"
        prediction, record = label_image(predictor, source, name, settings)
        if gallery is not None and gallery.has_room:
            gallery.add_image(name, record, prediction.image, prediction.label_map)
            return record, ""
    elif gallery is not None and gallery.has_room:
        image = read_input(source.path, settings.max_megapixels)
        gallery.add_image_of_files(name, record, image)
        return record, ""
    if gallery is not None:
        gallery.count_only(record)
    return record, ""


def _explain(error: Exception) -> str:
    """One line."""
    if isinstance(error, MemoryError):
        return "it does not fit into memory"
    return printable(" ".join(str(error).split()) or type(error).__name__)

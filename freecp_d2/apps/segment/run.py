"""A whole run: skip finished inputs, label the rest, report inputs that fail."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tqdm import tqdm

from ...engine.predictor import Predictor
from ...utils.files import printable, write_whole
from ...visualization.html.page import render_page
from .decisions import has_no_word
from .exporter import Exporter
from .gallery import RunGallery
from .image_record import Settings
from .inputs import FailedInput
from .labelling import Task, pixels_of
from .outputs import PAGE
from .process_pool import labeller, reason_of, stops_run
from .video_files import NO_SOUND


@dataclass
class RunSummary:
    """
    Inputs labelled now and by earlier runs, those of either in which no word is left, videos
    labelled now without their sound, and failures. `stopped`: the error of a full or read-only
    disk.
    """

    num_labelled: int = 0
    num_earlier: int = 0
    num_without_words: int = 0
    num_without_sound: int = 0
    failures: list[FailedInput] = field(default_factory=list)
    stopped: str = ""

    def count(self, task: Task, record: Mapping[str, Any]) -> None:
        """Count an input that has a record."""
        is_new = task.record is None
        self.num_labelled += is_new
        self.num_earlier += not is_new
        self.num_without_words += has_no_word(record)
        self.num_without_sound += is_new and record.get("sound") == NO_SOUND

    def fail(self, *failures: FailedInput) -> None:
        """Count failures and print them on stderr."""
        self.failures += failures
        for failure in failures:
            tqdm.write(f"{printable(failure.name)}: {failure.reason}", file=sys.stderr)


def run(
    tasks: Sequence[Task],
    build: Callable[[], Predictor],
    settings: Settings,
    failures: Sequence[FailedInput] = (),
    report: Mapping[str, str] | None = None,
    num_processes: int = 1,
    imports: Sequence[str] = (),
) -> RunSummary:
    """
    Label the inputs without a record, until an error of the disk stops the run.

    Args:
        build: builds the model if there is an input to label; its errors are raised.
        failures: inputs that could not be found.
        report: facts for the end of `index.html`; None: no page is written.
        num_processes, imports: see `process_pool.labeller`.
    """
    gallery = RunGallery(len(tasks), settings) if report is not None else None
    exporter = Exporter([task.source for task in tasks], settings)
    summary = RunSummary()
    with labeller(tasks, build, settings, num_processes, imports) as label:
        summary.fail(*failures)
        for task in tqdm(tasks, unit=" inputs", disable=None if tasks else True):
            try:
                record = task.record or label(task)
                if task.source.is_video:
                    problem = record.get("problem", "")
                else:
                    problem = exporter.write(task.source, task.name, record)
                if gallery is not None:
                    gallery.add(task.name, record, partial(pixels_of, task, record, settings))
            except (ValueError, MemoryError, RuntimeError, OSError) as error:
                problem = reason_of(error)
                if stops_run(error):
                    summary.stopped = problem
                    return summary
            else:
                summary.count(task, record)
            if problem:
                summary.fail(FailedInput(printable(task.source.path), problem))
    try:
        summary.fail(*exporter.finish())
        if gallery is not None and report is not None:
            page = render_page(gallery.page(summary.failures, report))
            write_whole(settings.output / PAGE, page.encode())
    except OSError as error:
        summary.stopped = str(error)
    return summary

"""Inputs with the names of their results: which are finished, and how the others are labelled."""

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.images.reading import ImageError, ImageTooLargeError, read_with_note
from ...engine.predictor import Predictor
from ...utils.files import printable
from ...visualization.label_png import read_labels
from .gallery import Pixels
from .image import label_image
from .image_record import Settings, find_record, sweep
from .inputs import Source
from .processes import submitted
from .raster import label_geotiff, preview
from .video import label_video
from .video_files import middle_frame

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of writing that every other input would meet, too."""


@dataclass(frozen=True)
class Task:
    """An input, the name of its result files, and its record if it is finished."""

    source: Source
    name: Path
    record: dict[str, Any] | None


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


@contextmanager
def labelling(
    tasks: Sequence[Task],
    build: Callable[[], Predictor],
    settings: Settings,
    num_processes: int,
    imports: Sequence[str],
) -> Iterator[Callable[[Task], tuple[dict[str, Any], Pixels]]]:
    """The function that gives the record of an input, and what the page shows of it."""
    todo = [task for task in tasks if task.record is None]
    # Several processes have models of their own, after this one has found that it can be built, and
    # has downloaded its weights and encoded the words.
    predictor = build() if todo else None
    if num_processes == 1 or len(todo) < 2:

        def label(task: Task) -> tuple[dict[str, Any], Pixels]:
            if task.record is not None:
                return task.record, _stored(task, task.record, settings)
            assert predictor is not None, "it is built if a record is missing"
            return _label(task, predictor, settings)

        yield label
        return
    predictor = None
    number = min(num_processes, len(todo))
    with submitted(_label_in_process, todo, settings, number, imports) as futures:
        future_of = {task.name: future for task, future in zip(todo, futures, strict=True)}

        def fetch(task: Task) -> tuple[dict[str, Any], Pixels]:
            record = task.record or future_of[task.name].result()
            return record, _stored(task, record, settings)

        yield fetch


def _label(task: Task, predictor: Predictor, settings: Settings) -> tuple[dict[str, Any], Pixels]:
    source, name = task.source, task.name
    if source.is_video or settings.rasters:
        label = label_video if source.is_video else label_geotiff
        record = label(predictor, source, name, settings)
        return record, _stored(task, record, settings)
    prediction, record = label_image(predictor, source, name, settings)
    return record, lambda: (prediction.image, prediction.label_map)


def _label_in_process(task: Task, predictor: Predictor, settings: Settings) -> dict[str, Any]:
    try:
        return _label(task, predictor, settings)[0]
    except (ValueError, MemoryError, RuntimeError, OSError) as error:
        if stops_run(error):
            raise
        raise ValueError(reason_of(error)) from None  # others may not be picklable


def _stored(task: Task, record: Mapping[str, Any], settings: Settings) -> Pixels:
    """What the page shows of an input, read from its files when it is needed."""
    folder = (settings.output / task.name).parent
    if task.source.is_video:
        return lambda: (middle_frame(folder / record["files"]["video"]), None)
    if settings.rasters:
        return lambda: preview(task.source, task.name, settings)
    limit, reading = 1e6 * settings.max_megapixels, settings.reading
    return lambda: (
        read_with_note(task.source.path, limit, reading=reading).pixels,
        read_labels(folder / record["files"]["labels"], record["no_word"]),
    )


def stops_run(error: Exception) -> bool:
    """Whether every other input would have the same error."""
    is_full = isinstance(error, OSError) and error.errno in _DISK_ERRORS
    return is_full or isinstance(error, BrokenProcessPool)


def reason_of(error: Exception) -> str:
    """Why an input failed, on one line, without its name."""
    if isinstance(error, BrokenProcessPool):
        return "a process ended abruptly, often for lack of memory; use a smaller --num-gpus"
    if isinstance(error, MemoryError):
        return "it does not fit into memory"
    text = error.reason if isinstance(error, ImageError) else str(error)
    if isinstance(error, ImageTooLargeError):
        text += ", see --max-megapixels"
    return printable(" ".join(text.split()) or type(error).__name__)

"""
Inputs with the names of their results: which are finished, and labelling of the others, in this
process or in several, each with a model on its own GPU or part of the CPU's cores.
"""

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import torch

from ...data.images.reading import ImageError, ImageTooLargeError, read_with_note
from ...engine import import_plugins
from ...engine.predictor import Prediction, Predictor
from ...engine.predictor.saving import jpeg_of, scores_npz
from ...utils.files import printable, write_whole
from ...utils.processes import (
    children_end_on_interrupt,
    end_with_parent,
    interrupts_blocked,
    keep_freed_memory,
)
from ...visualization.drawing import draw_overlay
from ...visualization.label_png import label_png, read_labels
from ...visualization.legend import class_counts, visible_shares
from .decisions import classes_of, decisions_of
from .gallery import Pixels
from .geotiff import label_geotiff, preview
from .image_record import (
    Settings,
    find_record,
    forget_record,
    head_of,
    result_path,
    sweep,
    write_record,
)
from .inputs import Source, check_file
from .video import label_video
from .video_files import middle_frame

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of writing that every other input would meet, too."""

_predictor: Predictor
"""Of a process of the pool."""


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
    with submitted(todo, settings, number, imports) as futures:
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


def _label_in_process(task: Task, settings: Settings) -> dict[str, Any]:
    try:
        return _label(task, _predictor, settings)[0]
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


def label_image(
    predictor: Predictor, source: Source, name: Path, settings: Settings
) -> tuple[Prediction, dict[str, Any]]:
    """
    Write `NAME_overlay.jpg`, `NAME_labels.png`, with `scores` `NAME_scores.npz`, and `NAME.json`.

    Returns:
        tuple: the prediction, and the record.

    Raises:
        ValueError: the image cannot be read, or the record would replace another file.
    """
    check_file(source.path)
    head = head_of(source, settings)
    read = read_with_note(source.path, 1e6 * settings.max_megapixels, reading=settings.reading)
    head["reading"] = read.note
    prediction = predictor(read.logged(source.path), channels="RGB")
    labels, names, colors = prediction.label_map, prediction.names, prediction.colors
    shares = visible_shares(class_counts(labels, len(names)))
    sheet = draw_overlay(prediction.image, labels, names, colors, shares, settings.overlay_side)
    contents = {"overlay": jpeg_of(sheet), "labels": label_png(labels, colors)}
    if settings.scores:
        contents["scores"] = scores_npz(labels, names, *prediction.surviving_scores())
    forget_record(settings.output, name)
    for kind, content in contents.items():
        write_whole(result_path(settings.output, name, kind), content)
    record = head | decisions_of(prediction, shares) | {"classes": classes_of(prediction)}
    return prediction, write_record(settings.output, name, record, contents)


@contextmanager
def submitted(
    tasks: Sequence[Task], settings: Settings, num_processes: int, imports: Sequence[str]
) -> Iterator[list[Future]]:
    """
    The records of tasks, labelled in processes, which import `imports` first.

    At the end of the block, tasks that have not begun are dropped. The processes never get Ctrl-C;
    this one ends them.
    """
    context = get_context("spawn")
    devices: Queue[str] = context.Queue()
    for index in range(num_processes):
        name = settings.cfg.MODEL.DEVICE
        devices.put(f"cuda:{index}" if name == "cuda" else name)
    arguments = (devices, settings, max(1, (os.cpu_count() or 1) // num_processes), imports)
    pool = ProcessPoolExecutor(num_processes, context, _start, arguments)
    try:
        with children_end_on_interrupt():
            with interrupts_blocked():
                futures = [pool.submit(_label_in_process, task, settings) for task in tasks]
            yield futures
    finally:
        pool.shutdown(cancel_futures=True)


def _start(
    devices: "Queue[str]", settings: Settings, num_threads: int, imports: Sequence[str]
) -> None:
    global _predictor
    end_with_parent()
    keep_freed_memory()
    import_plugins(imports)
    if settings.cfg.MODEL.DEVICE == "cpu":
        torch.set_num_threads(num_threads)
    _predictor = Predictor(settings.cfg, settings.vocabulary, device=devices.get())

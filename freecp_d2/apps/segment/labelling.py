"""The inputs of a run: which are finished, and how one of the others is labelled by its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...data.images.reading import read_with_note
from ...engine.predictor import Predictor
from ...engine.predictor.saving import jpeg_of, scores_npz
from ...utils.files import write_whole
from ...visualization.drawing import draw_overlay
from ...visualization.label_png import label_png, read_labels
from ...visualization.legend import class_counts, visible_shares
from .decisions import classes_of, decisions_of
from .geotiff import label_geotiff, preview
from .image_record import Settings, find_record, forget_record, head_of, sweep, write_record
from .inputs import Source, check_file
from .outputs import result_path
from .video import label_video
from .video_files import middle_frame


@dataclass(frozen=True)
class Task:
    """An input, the name of its result files, and its record if it is finished."""

    source: Source
    name: Path
    record: dict[str, Any] | None


def plan(sources: Sequence[Source], names: Sequence[Path], settings: Settings) -> list[Task]:
    """Find the finished inputs, and remove temporary files of killed runs."""
    for folder in {(settings.output / name).parent for name in names} | {settings.output}:
        sweep(folder)
    return [
        Task(source, name, None if settings.force else find_record(source, name, settings))
        for source, name in zip(sources, names, strict=True)
    ]


def label_input(predictor: Predictor, task: Task, settings: Settings) -> dict[str, Any]:
    """
    Write the results of an input, its record last, which is returned; ValueError if the input
    cannot be read, or the record would replace another file.
    """
    image = label_geotiff if settings.rasters else label_image
    label = label_video if task.source.is_video else image
    return label(predictor, task.source, task.name, settings)


def label_image(
    predictor: Predictor, source: Source, name: Path, settings: Settings
) -> dict[str, Any]:
    """
    Write `NAME_overlay.jpg`, `NAME_labels.png`, with `scores` `NAME_scores.npz`, `NAME.json`.

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
    return write_record(settings.output, name, record, contents)


def pixels_of(
    task: Task, record: Mapping[str, Any], settings: Settings
) -> tuple[np.ndarray, np.ndarray | None]:
    """A labelled image, uint8 RGB (H, W, 3), and its labels (H, W), or a frame of a video, None."""
    folder, files = (settings.output / task.name).parent, record["files"]
    if task.source.is_video:
        return middle_frame(folder / files["video"]), None
    if settings.rasters:
        return preview(task.source, task.name, settings)
    limit = 1e6 * settings.max_megapixels
    image = read_with_note(task.source.path, limit, reading=settings.reading).pixels
    return image, read_labels(folder / files["labels"], record["no_word"])

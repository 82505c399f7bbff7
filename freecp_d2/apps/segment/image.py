"""Label one image and write its files, the record last."""

from pathlib import Path
from typing import Any

from ...data.images.reading import read_with_note
from ...engine.predictor import Prediction, Predictor
from ...engine.predictor.saving import jpeg_of, scores_npz
from ...utils.files import write_whole
from ...visualization.drawing import draw_overlay
from ...visualization.label_png import label_png
from ...visualization.shares import class_counts, visible_shares
from .decisions import classes_of, decisions_of
from .image_record import Settings, forget_record, head_of, result_path, write_record
from .inputs import Source, check_file


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
        contents["scores"] = scores_npz(prediction)
    forget_record(settings.output, name)
    for kind, content in contents.items():
        write_whole(result_path(settings.output, name, kind), content)
    record = head | decisions_of(prediction, shares) | {"classes": classes_of(prediction)}
    return prediction, write_record(settings.output, name, record, contents)

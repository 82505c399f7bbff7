"""One image: read, labelled, written; its record last."""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from ...engine.predictor import Prediction, Predictor
from ...utils.files import write_whole
from ...visualization.label_png import label_png
from ...visualization.overlay import draw_overlay
from ...visualization.shares import class_counts, visible_shares
from .decisions import classes_of, decisions_of
from .inputs import Source
from .outputs import ENDINGS
from .reading import check_file, read_input
from .records import check_record, files_of, forget_record, head_of, write_record
from .scores_file import scores_npz
from .settings import FORMAT, Settings

__all__ = ["label_image"]


def label_image(
    predictor: Predictor, source: Source, name: Path, settings: Settings
) -> tuple[Prediction, dict[str, Any]]:
    """
    Write `NAME_overlay.jpg`, `NAME_labels.png`, with `scores` `NAME_scores.npz`, and `NAME.json`.

    Returns:
        tuple: what was predicted, and the record.

    Raises:
        ValueError: the image cannot be read; the message is the reason.
        OSError: a file cannot be written.
    """
    check_file(source.path)
    check_record(settings.output, name)
    head = head_of(source, settings)  # before it is read: a file that changes meanwhile is redone
    prediction = predictor(read_input(source.path, settings.max_megapixels), channels="RGB")
    shares = visible_shares(class_counts(prediction.label_map, len(prediction.names)))
    folder = (settings.output / name).parent
    folder.mkdir(parents=True, exist_ok=True)
    forget_record(settings.output, name)
    drawing = draw_overlay(
        prediction.image,
        prediction.label_map,
        prediction.names,
        prediction.colors,
        shares,
        settings.overlay_side,
    )
    files = {kind: f"{name.name}{ENDINGS[kind]}" for kind in ("overlay", "labels")}
    write_whole(folder / files["overlay"], as_jpeg(drawing))
    write_whole(folder / files["labels"], label_png(prediction.label_map, prediction.colors))
    if settings.scores:
        files["scores"] = f"{name.name}{ENDINGS['scores']}"
        write_whole(folder / files["scores"], scores_npz(prediction))
    record = {
        "format": FORMAT,
        "kind": "image",
        **head,
        **decisions_of(prediction, shares),
        "classes": classes_of(prediction),
        **files_of(folder, files),
    }
    write_record(settings.output, name, record)
    return prediction, record


def as_jpeg(drawing: Image.Image) -> bytes:
    """In a quality that keeps letters clean."""
    buffer = io.BytesIO()
    drawing.save(buffer, format="JPEG", quality=92, subsampling=0)
    return buffer.getvalue()

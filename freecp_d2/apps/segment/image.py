"""
Label one image and write its files, the record last.

Shape shorthand in this module: S surviving classes, h, w pixels of the network's input.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np

from ...data.images.reading import read_with_note
from ...engine.predictor import Prediction, Predictor
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
    drawing = io.BytesIO()
    sheet.save(drawing, "JPEG", quality=92, subsampling=0)  # keeps letters clean
    contents = {"overlay": drawing.getvalue(), "labels": label_png(labels, colors)}
    if settings.scores:
        contents["scores"] = scores_npz(prediction)
    forget_record(settings.output, name)
    for kind, content in contents.items():
        write_whole(result_path(settings.output, name, kind), content)
    record = head | decisions_of(prediction, shares) | {"classes": classes_of(prediction)}
    return prediction, write_record(settings.output, name, record, contents)


def scores_npz(prediction: Prediction) -> bytes:
    """
    The scores of the surviving classes, at the size of the network's input: at the size of the
    image, 12 megapixels take 24 MB a class. Resized bilinearly they give the label map.

    Returns:
        bytes: an .npz of `scores`, float16 (S, h, w); `classes`, int32 (S,), their indices in the
        label map; `names`, (S,); `size`, int32 (2,), H and W. A background of 1 - max is one of
        the classes.
    """
    scores = prediction.found.scores.float().cpu().numpy()
    classes = prediction.found.classes.cpu().numpy().astype(np.int32)
    if prediction.background:
        rest = 1 - scores.max(axis=0, initial=0.0)[None]
        scores, classes = np.concatenate([rest, scores]), np.append(np.int32(0), classes + 1)
    if prediction.floor and 0 in classes:
        scores[classes == 0] = np.maximum(scores[classes == 0], prediction.floor)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        scores=scores.astype(np.float16),
        classes=classes.astype(np.int32),
        names=np.array([prediction.names[k] for k in classes], dtype=np.str_),
        size=np.array(prediction.label_map.shape, dtype=np.int32),
    )
    return buffer.getvalue()

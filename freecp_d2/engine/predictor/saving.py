"""Predictions as text, files, shown images and detections of `supervision`."""

import io
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...utils.files import write_whole

if TYPE_CHECKING:
    import supervision
    from PIL import Image

    from .prediction import Prediction

SHOWN_SIDE = 1024
"""Longest side of an overlay on a screen, in pixels."""

_SHARES_SHOWN = 5

_SUFFIXES = {
    ".png": "labels",
    ".jpg": "overlay",
    ".jpeg": "overlay",
    ".txt": "yolo",
    ".npz": "npz",
}


def describe(prediction: "Prediction") -> str:
    """Size, the largest shares and the number of kept words, on one line."""
    from ...visualization.legend import percent

    height, width = prediction.label_map.shape
    shares = list(prediction.shares.items())
    parts = [f"{name} {percent(share)}" for name, share in shares[:_SHARES_SHOWN]]
    if len(shares) > len(parts):
        parts.append(f"{len(shares) - len(parts)} more")
    rest = float((prediction.label_map < 0).mean()) if prediction.label_map.size else 0.0
    if rest:
        parts.append(f"no word {percent(rest)}")
    if found := prediction.purification:
        num_kept = len(found.words) - len(found.removed)
        parts.append(f"{num_kept} of {len(found.words)} words kept")
    return f"<Prediction {width}x{height}: {', '.join(parts)}>"


def png_of(image: "Image.Image") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def jpeg_of(image: "Image.Image") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92, subsampling=0)  # keeps letters clean
    return buffer.getvalue()


def show_image(image: "Image.Image") -> None:
    """Below the cell of a notebook, otherwise in the viewer of the system."""
    shell = sys.modules.get("IPython")
    if shell is not None and hasattr(shell.get_ipython(), "kernel"):
        from IPython.display import display

        display(image)
    else:
        image.show()


def scores_npz(prediction: "Prediction") -> bytes:
    """
    The labels, and the scores of the surviving classes at the size of the network's input: at the
    size of the image, 12 megapixels take 24 MB a class. Resized bilinearly they give the labels.

    Shapes: H, W pixels, S surviving classes, h, w pixels of the network's input.

    Returns:
        bytes: an .npz of `label_map`, int32 (H, W), -1 is no word; `scores`, float16 (S, h, w);
        `classes`, int32 (S,), their indices in the label map; `names`, (S,); `size`, int32 (2,), H
        and W. See `Prediction.surviving_scores`.

    Raises:
        ValueError: the prediction is compact.
    """
    classes, scores = prediction.surviving_scores()
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        label_map=prediction.label_map.astype(np.int32),
        scores=scores.astype(np.float16),
        classes=classes,
        names=np.array([prediction.names[k] for k in classes], dtype=np.str_),
        size=np.array(prediction.label_map.shape, dtype=np.int32),
    )
    return buffer.getvalue()


def _label_png(prediction: "Prediction") -> bytes:
    from ...visualization.label_png import label_png

    return label_png(prediction.label_map, prediction.colors)


def _overlay(prediction: "Prediction", path: Path, **options: Any) -> bytes:
    sheet = prediction.overlay(**options)
    return png_of(sheet) if path.suffix.lower() == ".png" else jpeg_of(sheet)


_WRITERS: dict[str, Callable[..., bytes]] = {
    "labels": lambda prediction, path: _label_png(prediction),
    "overlay": _overlay,
    "npz": lambda prediction, path: scores_npz(prediction),
    "coco": lambda prediction, path, **options: _json(prediction.to_coco(**options)),
    "labelme": lambda prediction, path, **options: _json(prediction.to_labelme(**options)),
    "yolo": lambda prediction, path, **options: prediction.to_yolo(**options).encode(),
}
"""Format -> its writer, called with the prediction, the path and options."""


def save_prediction(
    prediction: "Prediction", path: Path, format: str | None, options: Mapping[str, Any]
) -> Path:
    """See `Prediction.save`."""
    chosen = format or _SUFFIXES.get(path.suffix.lower())
    if chosen not in _WRITERS:
        got = f'format="{format}"' if format else f"the suffix of {path.name}"
        raise ValueError(
            f"got {got}, expected a format of {', '.join(_WRITERS)}, or a name that ends in "
            f'{", ".join(_SUFFIXES)}; a .json needs format="coco" or "labelme".'
        )
    write_whole(path, _WRITERS[chosen](prediction, path, **options))
    return path


def _json(content: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(content, allow_nan=False)}\n".encode()


def to_detections(prediction: "Prediction", connected: bool) -> "supervision.Detections":
    """See `Prediction.to_supervision`."""
    try:
        import supervision
    except ModuleNotFoundError as error:
        if error.name != "supervision":
            raise
        raise ImportError(
            "to_supervision() needs the package supervision: pip install supervision"
        ) from error
    from ...data.exports import find_regions

    scores = prediction.mean_scores
    regions = list(
        find_regions(prediction.label_map, prediction.names, scores, connected=connected)
    )
    if not regions:
        return supervision.Detections.empty()
    masks = np.stack([region.mask for region in regions])
    return supervision.Detections(
        xyxy=supervision.mask_to_xyxy(masks).astype(np.float32),
        mask=masks,
        class_id=np.array([region.label for region in regions]),
        confidence=np.array([region.score for region in regions], dtype=np.float32),
        data={"class_name": np.array([prediction.names[region.label] for region in regions])},
    )

"""Predictions as text, bytes of files, shown images and detections of `supervision`."""

import io
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...modeling.purification.diagnosis import Purification

if TYPE_CHECKING:
    import supervision
    from PIL import Image

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


def describe(label_map: np.ndarray, shares: Mapping[str, float], found: Purification | None) -> str:
    """Size, the largest shares and the number of kept words, on one line."""
    from ...visualization.legend import percent

    height, width = label_map.shape
    parts = [f"{name} {percent(share)}" for name, share in [*shares.items()][:_SHARES_SHOWN]]
    if len(shares) > len(parts):
        parts.append(f"{len(shares) - len(parts)} more")
    rest = float((label_map < 0).mean()) if label_map.size else 0.0
    if rest:
        parts.append(f"no word {percent(rest)}")
    if found:
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


def as_json(content: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(content, allow_nan=False)}\n".encode()


def show_image(image: "Image.Image") -> None:
    """Below the cell of a notebook, otherwise in the viewer of the system."""
    shell = sys.modules.get("IPython")
    if shell is not None and hasattr(shell.get_ipython(), "kernel"):
        from IPython.display import display

        display(image)
    else:
        image.show()


def scores_npz(
    label_map: np.ndarray, names: Sequence[str], classes: np.ndarray, scores: np.ndarray
) -> bytes:
    """
    The labels, and the scores of the surviving classes at the size of the network's input: at the
    size of the image, 12 megapixels take 24 MB a class. Resized bilinearly they give the labels.

    Shapes: H, W pixels, S surviving classes, h, w pixels of the network's input.

    Args:
        classes, scores: see `Prediction.surviving_scores`.

    Returns:
        bytes: an .npz of `label_map`, int32 (H, W), -1 is no word; `scores`, float16 (S, h, w);
        `classes`, int32 (S,), their indices in the label map; `names`, (S,); `size`, int32 (2,), H
        and W.
    """
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        label_map=label_map.astype(np.int32),
        scores=scores.astype(np.float16),
        classes=classes,
        names=np.array([names[k] for k in classes], dtype=np.str_),
        size=np.array(label_map.shape, dtype=np.int32),
    )
    return buffer.getvalue()


def choose_format(path: Path, format: str | None, known: Collection[str]) -> str:
    """The format of a file, by default of its suffix; ValueError if it is none of `known`."""
    chosen = format or _SUFFIXES.get(path.suffix.lower(), "")
    if chosen not in known:
        got = f'format="{format}"' if format else f"the suffix of {path.name}"
        raise ValueError(
            f"got {got}, expected a format of {', '.join(known)}, or a name that ends in "
            f'{", ".join(_SUFFIXES)}; a .json needs format="coco" or "labelme".'
        )
    return chosen


def to_detections(
    label_map: np.ndarray, names: Sequence[str], scores: Mapping[str, float], connected: bool
) -> "supervision.Detections":
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

    regions = list(find_regions(label_map, names, scores, connected=connected))
    if not regions:
        return supervision.Detections.empty()
    masks = np.stack([region.mask for region in regions])
    return supervision.Detections(
        xyxy=supervision.mask_to_xyxy(masks).astype(np.float32),
        mask=masks,
        class_id=np.array([region.label for region in regions]),
        confidence=np.array([region.score for region in regions], dtype=np.float32),
        data={"class_name": np.array([names[region.label] for region in regions])},
    )

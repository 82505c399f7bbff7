"""
`NAME_scores.npz`: the scores behind a label map, of the classes that survived, in float16.

They are kept at the size at which the network saw the image, for at the image's own, 12
megapixels take 24 MB a class. Resized (bilinear) they are those that the labels came from.

Shape shorthand in this module: S surviving classes, h, w pixels as the network saw them.
"""

import io

import numpy as np

from ...engine.predictor import Prediction

__all__ = ["scores_npz"]


def scores_npz(prediction: Prediction) -> bytes:
    """
    Returns:
        bytes: an .npz of `scores`, float16 (S, h, w); `classes`, int32 (S,), what each is of, as in
        the label map; `names`, (S,); `size`, int32 (2,), height and width of the image. A
        background that is what the others leave, 1 - max, is among them.
    """
    scores = prediction.found.scores.float().cpu().numpy()
    classes = prediction.found.classes.cpu().numpy().astype(np.int32)
    if prediction.background:
        rest = 1 - scores.max(axis=0, initial=0.0)[None]
        scores, classes = np.concatenate([rest, scores]), np.append(np.int32(0), classes + 1)
    if prediction.floor and 0 in classes:
        first = scores[classes == 0]
        scores[classes == 0] = np.maximum(first, prediction.floor)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        scores=scores.astype(np.float16),
        classes=classes.astype(np.int32),
        names=np.array([prediction.names[k] for k in classes], dtype=np.str_),
        size=np.array(prediction.label_map.shape, dtype=np.int32),
    )
    return buffer.getvalue()

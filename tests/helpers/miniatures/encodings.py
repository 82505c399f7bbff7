"""
The encodings of annotations, as functions of the values that the datasets' authors publish.

Each takes a uint8 array of those values and returns an array of the same shape: the output of a
converter, or the train ids 0..K-1 with 255 where nothing is scored.
"""

import numpy as np

IGNORED = 255

COCO_MISSING = (11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90)
"""Values of stuffthingmaps that no pixel has."""

# labels.py of cityscapesScripts: the trainId of id 0, 1, ..., 33
_CITYSCAPES = """
255 255 255 255 255 255 255 0 1 255 255 2 3 4 255 255 255 5 255 6 7 8 9 10 11 12 13 14 15 255 255
16 17 18
"""
CITYSCAPES_TRAIN_IDS = tuple(int(value) for value in _CITYSCAPES.split())
CITYSCAPES_WITH_INSTANCES = range(24, 34)


def as_published(values: np.ndarray) -> np.ndarray:
    return values


def minus_one(values: np.ndarray) -> np.ndarray:
    """ADE20K and Context: 0 (nothing or another category) becomes 255."""
    return values - np.uint8(1)


def voc20(values: np.ndarray) -> np.ndarray:
    """The background, 0, and the void around objects, 255, are not scored."""
    return np.where(values == 255, np.uint8(IGNORED), minus_one(values))


def voc20_background(values: np.ndarray) -> np.ndarray:
    """CAT-Seg's `annotations_detectron2_bg`: the background is class 20."""
    return np.where(values == 0, np.uint8(20), voc20(values))


def coco_stuff(values: np.ndarray) -> np.ndarray:
    """Each value is reduced by the number of missing ones below it."""
    below = np.searchsorted(COCO_MISSING, values).astype(np.uint8)
    return np.where(values == 255, np.uint8(IGNORED), values - below)


def coco_object(values: np.ndarray) -> np.ndarray:
    """Things are 1..80; stuff and unlabelled pixels, 255, are background."""
    return np.where(values < 90, coco_stuff(values) + np.uint8(1), np.uint8(0))


def cityscapes(values: np.ndarray) -> np.ndarray:
    return np.array(CITYSCAPES_TRAIN_IDS, np.uint8)[values]


def cityscapes_instances(values: np.ndarray) -> np.ndarray:
    """16 bits: id * 1000 + number for classes with instances, else the id."""
    has_instances = np.isin(values, CITYSCAPES_WITH_INSTANCES)
    return np.where(has_instances, values.astype(np.uint16) * 1000, values).astype(np.uint16)


def cityscapes_colors(values: np.ndarray) -> np.ndarray:
    """A coloured RGBA image, as the official files."""
    red = values * np.uint8(7)
    return np.stack([red, 255 - red, red // 2, np.full_like(red, 255)], axis=-1)

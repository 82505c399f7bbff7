"""
Augmentations, which choose a transform for an input.

Counterpart of `detectron2/data/transforms/augmentation.py`. Leaves out: the old aliases
(`TransformGen`, `StandardAugInput`, `apply_augmentations`), random numbers and `repr`.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
from fvcore.transforms.transform import Transform, TransformList


class Augmentation:
    """
    Chooses a `Transform` for an input, randomly or not.

    A subclass defines `get_transform`, whose parameters are named like the attributes of the input
    that it needs ("image", "sem_seg", "boxes"); a single parameter is the image.
    """

    # The attributes that get_transform needs; None: read from its signature at the first call.
    input_args: tuple[str, ...] | None = None

    def _init(self, params: dict[str, Any]) -> None:
        """Store the arguments of the constructor, its `locals()`, as attributes."""
        for key, value in params.items():
            if key != "self" and not key.startswith("_"):
                setattr(self, key, value)

    def get_transform(self, *args: Any) -> Transform:
        """Choose a deterministic transform for arrays, see `AugInput`."""
        raise NotImplementedError(f"{type(self).__name__} should define get_transform.")

    def __call__(self, aug_input: Any) -> Transform:
        """Transform an `AugInput`, or a similar object, in place; returns the transform."""
        if self.input_args is None:
            names = tuple(inspect.signature(self.get_transform).parameters)
            self.input_args = names if len(names) > 1 else ("image",)
        transform = self.get_transform(*(getattr(aug_input, name) for name in self.input_args))
        aug_input.transform(transform)
        return transform


class _FixedTransform(Augmentation):
    """A transform as an augmentation."""

    def __init__(self, tfm: Transform) -> None:
        self.tfm = tfm

    def get_transform(self, image: Any) -> Transform:
        return self.tfm


class AugmentationList(Augmentation):
    """
    A sequence of augmentations and transforms; each gets the output of the one before.

    It has no `get_transform`; call it.
    """

    def __init__(self, augs: Sequence[Augmentation | Transform]) -> None:
        self.augs = [_FixedTransform(a) if isinstance(a, Transform) else a for a in augs]

    def __call__(self, aug_input: Any) -> TransformList:
        """Transform the input in place; returns the applied transforms."""
        return TransformList([aug(aug_input) for aug in self.augs])


class AugInput:
    """An image with its boxes and label map, transformed together in place."""

    def __init__(
        self,
        image: np.ndarray,
        *,
        boxes: np.ndarray | None = None,
        sem_seg: np.ndarray | None = None,
    ) -> None:
        """
        Args:
            image: shape (H, W) or (H, W, C); uint8 in 0..255, or floating point.
            boxes: shape (N, 4), (x0, y0, x1, y1) in pixels.
            sem_seg: shape (H, W), uint8 labels.
        """
        self.image, self.boxes, self.sem_seg = image, boxes, sem_seg

    def transform(self, tfm: Transform) -> None:
        self.image = tfm.apply_image(self.image)
        if self.boxes is not None:
            self.boxes = tfm.apply_box(self.boxes)
        if self.sem_seg is not None:
            self.sem_seg = tfm.apply_segmentation(self.sem_seg)

    def apply_augmentations(
        self, augmentations: Sequence[Augmentation | Transform]
    ) -> TransformList:
        """Same as `AugmentationList(augmentations)(self)`."""
        return AugmentationList(augmentations)(self)

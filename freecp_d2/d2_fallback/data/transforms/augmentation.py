"""
Augmentations, which choose a transform for an input.

Counterpart of `detectron2/data/transforms/augmentation.py`. Leaves out: the old aliases
(`TransformGen`, `StandardAugInput`, `apply_augmentations`).
"""

from __future__ import annotations

import inspect
import pprint
from collections.abc import Sequence
from typing import Any

import numpy as np
from fvcore.transforms.transform import Transform, TransformList

__all__ = ["AugInput", "Augmentation", "AugmentationList"]


class Augmentation:
    """
    Chooses a `Transform` for an input, randomly or not.

    A subclass defines `get_transform`, whose parameters are named like the attributes of the input
    that it needs ("image", "sem_seg", "boxes"); a single parameter is the image.
    """

    # The attributes that get_transform needs; None: read from its signature at the first call.
    input_args: tuple[str, ...] | None = None

    def _init(self, params: dict[str, Any] | None = None) -> None:
        """Store the arguments of the constructor, its `locals()`, as attributes."""
        for key, value in (params or {}).items():
            if key != "self" and not key.startswith("_"):
                setattr(self, key, value)

    def get_transform(self, *args: Any) -> Transform:
        """
        Choose a deterministic transform.

        Args:
            args: arrays: image (H, W) or (H, W, C), uint8 or floating point; sem_seg (H, W), uint8;
                boxes (N, 4), floating point, (x0, y0, x1, y1) in pixels.
        """
        raise NotImplementedError(f"{type(self).__name__} should define get_transform.")

    def __call__(self, aug_input: Any) -> Transform:
        """Transform an `AugInput`, or a similar object, in place; returns the transform."""
        transform = self.get_transform(*_input_args(self, aug_input))
        assert isinstance(transform, Transform), (
            f"{type(self)}.get_transform must return a Transform, got {type(transform)}."
        )
        aug_input.transform(transform)
        return transform

    def _rand_range(self, low: float = 1.0, high: float | None = None, size: Any = None) -> Any:
        """Uniform random numbers in [low, high), or in [0, low) if `high` is None."""
        if high is None:
            low, high = 0, low
        return np.random.uniform(low, high, [] if size is None else size)

    def __repr__(self) -> str:
        """`Name(argument=value, ...)` without default values."""
        parameters = inspect.signature(type(self)).parameters.values()
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
            return super().__repr__()
        shown = []
        for parameter in parameters:
            if not hasattr(self, parameter.name):  # not kept under its own name
                return super().__repr__()
            value = getattr(self, parameter.name)
            if parameter.default is not value:
                text = pprint.pformat(value)
                shown.append(f"{parameter.name}={'...' if chr(10) in text else text}")
        return f"{type(self).__name__}({', '.join(shown)})"

    __str__ = __repr__


def _input_args(aug: Augmentation, aug_input: Any) -> list[Any]:
    if aug.input_args is None:
        parameters = inspect.signature(aug.get_transform).parameters
        if len(parameters) == 1:
            aug.input_args = ("image",)
        elif any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters.values()):
            raise TypeError(
                f"{type(aug)}.get_transform takes *args or **kwargs, so the attributes it needs "
                "are unknown; name its parameters or write __call__."
            )
        else:
            aug.input_args = tuple(parameters)
    for name in aug.input_args:
        if not hasattr(aug_input, name):
            raise AttributeError(
                f"{type(aug)}.get_transform needs '{name}', but {type(aug_input)} has no such "
                "attribute."
            )
    return [getattr(aug_input, name) for name in aug.input_args]


class _FixedTransform(Augmentation):
    """A transform as an augmentation."""

    def __init__(self, tfm: Transform) -> None:
        self.tfm = tfm

    def get_transform(self, *args: Any) -> Transform:
        return self.tfm

    def __repr__(self) -> str:
        return repr(self.tfm)

    __str__ = __repr__


class AugmentationList(Augmentation):
    """
    A sequence of augmentations and transforms; each gets the output of the one before.

    It has no `get_transform`; call it.
    """

    def __init__(self, augs: Sequence[Augmentation | Transform]) -> None:
        for aug in augs:
            assert isinstance(aug, Augmentation | Transform), f"{aug!r} is not an augmentation."
        self.augs = [_FixedTransform(a) if isinstance(a, Transform) else a for a in augs]

    def __call__(self, aug_input: Any) -> TransformList:
        """Transform the input in place; returns the applied transforms."""
        return TransformList([aug(aug_input) for aug in self.augs])

    def __repr__(self) -> str:
        return f"AugmentationList[{', '.join(str(aug) for aug in self.augs)}]"

    __str__ = __repr__


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
        assert isinstance(image, np.ndarray), f"An image is a NumPy array, got {type(image)}."
        assert image.ndim in (2, 3), f"An image is (H, W) or (H, W, C), got {image.shape}."
        self.image = image
        self.boxes = boxes
        self.sem_seg = sem_seg

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

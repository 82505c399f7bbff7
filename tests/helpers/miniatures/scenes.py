"""The images: annotations in the values that a dataset publishes, and photographs."""

from dataclasses import dataclass

import numpy as np

from .encodings import CITYSCAPES_TRAIN_IDS, COCO_MISSING


@dataclass(frozen=True)
class Family:
    """Benchmarks that share images."""

    names: tuple[str, ...]  # of its images, without suffix, sorted
    spare: str  # the name of an image of another split
    values: tuple[int, ...]  # of pixels
    musts: tuple[int, ...]  # values of every image, at most 12
    behind: tuple[int, ...]  # values behind the objects; () for any of `values`
    border: int  # the value around objects


FAMILIES = {
    "voc": Family(
        ("2007_000033", "2007_000042", "2007_000061", "2007_000123"),
        "2007_000032",
        tuple(range(1, 21)),
        (1, 2, 19, 20),
        behind=(0,),
        border=255,
    ),
    "context": Family(
        ("2008_000003", "2008_000007", "2008_000008", "2008_000009"),
        "2008_000002",
        tuple(range(60)),
        (0, 1, 58, 59),
        behind=(),
        border=0,
    ),
    "coco": Family(
        ("000000000139", "000000000285", "000000000632", "000000000724"),
        "000000000009",
        tuple(value for value in range(182) if value not in COCO_MISSING),
        (0, 10, 12, 24, 89, 91, 181),
        behind=(),
        border=255,
    ),
    "cityscapes": Family(
        (
            "frankfurt/frankfurt_000000_000294",
            "frankfurt/frankfurt_000001_000538",
            "lindau/lindau_000000_000019",
            "munster/munster_000000_000019",
        ),
        "aachen/aachen_000000_000019",
        tuple(range(len(CITYSCAPES_TRAIN_IDS))),
        (0, 6, 7, 18, 29, 33),
        behind=(),
        border=3,
    ),
    "ade20k": Family(
        ("ADE_val_00000001", "ADE_val_00000002", "ADE_val_00000003", "ADE_val_00000004"),
        "ADE_train_00000001",
        tuple(range(151)),
        (0, 1, 149, 150),
        behind=(),
        border=0,
    ),
}


_BANDS = 3
_CELLS = (3, 4)  # objects along the shorter and the longer side


def family_of(key: str) -> Family:
    return next(family for name, family in FAMILIES.items() if key.startswith(name))


def draw_annotation(rng: np.random.Generator, family: Family, height: int, width: int):
    """Objects with borders on a grid, in front of bands; uint8, (height, width)."""
    bands = rng.choice(family.behind or family.values, _BANDS)
    annotation = np.empty((height, width), np.uint8)
    annotation[:] = bands[np.arange(height) * _BANDS // height, None]
    rows, columns = _CELLS if height < width else _CELLS[::-1]
    values = [*family.musts, *rng.choice(family.values, rows * columns - len(family.musts))]
    for cell, value in enumerate(rng.permutation(values)):
        row, column = divmod(cell, columns)
        y, x = height * row // rows, width * column // columns
        view = annotation[y : height * (row + 1) // rows, x : width * (column + 1) // columns]
        power = rng.choice([1, 2, 8])  # a diamond, an ellipse, nearly a rectangle
        view[_shape(view.shape, power, 0.9)] = family.border
        view[_shape(view.shape, power, 0.7)] = value
    return annotation


def _shape(size: tuple[int, int], power: int, radius: float) -> np.ndarray:
    """Pixels with |y|^power + |x|^power <= radius^power; y and x go from -1 to 1."""
    y, x = (np.abs(np.linspace(-1, 1, side)) for side in size)
    return (y**power)[:, None] + x**power <= radius**power


def draw_photo(rng: np.random.Generator, annotation: np.ndarray) -> np.ndarray:
    """A colour for each value, shaded and with grain: uint8, (H, W, 3)."""
    colors = np.random.default_rng(0).integers(50, 206, (256, 3))
    height, width = annotation.shape
    shade = np.linspace(-24, 24, height)[:, None] + np.linspace(-24, 24, width)
    grain = rng.normal(0, 3, annotation.shape)
    photo = colors[annotation] + (shade + grain)[:, :, None]
    return photo.round().clip(0, 255).astype(np.uint8)

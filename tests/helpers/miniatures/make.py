"""Write a miniature."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .encodings import IGNORED
from .files import PHOTO_KINDS, write_label, write_photo
from .layouts import LAYOUTS, NUM_CLASSES, TRUTHS, Labels, Layout
from .scenes import FAMILIES, draw_annotation, draw_photo, family_of

MAX_IMAGES = len(PHOTO_KINDS)
_SIZES = ((64, 48), (48, 64), (47, 61), (66, 50))
_SPARE_SIZE = (40, 56)


@dataclass(frozen=True)
class Miniature:
    """The files that were written, in order of the names, and the known answers."""

    root: Path  # for `DETECTRON2_DATASETS`
    key: str
    layout: str
    images: tuple[Path, ...]
    labels: tuple[Path, ...]
    photos: tuple[np.ndarray, ...]  # as displayed, up to JPEG's losses: uint8, (H, W, 3)
    truths: tuple[np.ndarray, ...]  # 0..K-1, or 255 where nothing is scored: uint8, (H, W)

    @property
    def num_classes(self) -> int:
        return NUM_CLASSES[self.key]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(height, width) as displayed."""
        return [truth.shape for truth in self.truths]

    @property
    def histogram(self) -> np.ndarray:
        """Pixels of class 0, ..., K-1 and, last, those that are not scored: int64, (K+1,)."""
        truth = np.concatenate([truth.ravel() for truth in self.truths]).astype(np.int64)
        truth[truth == IGNORED] = self.num_classes
        return np.bincount(truth, minlength=self.num_classes + 1)


def make_miniature(root: Path, key: str, layout: str = "mmseg", num_images: int = 3) -> Miniature:
    """
    Write a benchmark with 1 to 4 images, and other files that exist in reality, below `root`.

    Images and truths depend on `key` alone: all layouts hold the same benchmark, and may share
    `root`. With 3 images or more every kind of file occurs.
    """
    files, family = LAYOUTS[key][layout], family_of(key)
    names = family.names[:num_images]
    images, annotations, photos = [], [], []
    for number, name in enumerate(names):
        annotation, photo = _draw(key, number)
        images.append(root / files.images / f"{name}{files.image_suffix}")
        photos.append(write_photo(images[-1], photo, PHOTO_KINDS[number]))
        annotations.append(annotation)
    for labels in (files.labels, *files.beside):
        for number, path in enumerate(_label_paths(root, labels, names)):
            is_wide = labels.has_wide and number == num_images - 1
            _write_label(path, labels, annotations[number], is_wide)
    _write_surroundings(root, files, key, names)
    return Miniature(
        root,
        key,
        layout,
        images=tuple(images),
        labels=tuple(_label_paths(root, files.labels, names)),
        photos=tuple(photos),
        truths=tuple(TRUTHS[key](annotation) for annotation in annotations),
    )


def _draw(key: str, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Annotation, as published, and photograph; the image after the last is the spare one."""
    family = family_of(key)
    rng = np.random.default_rng((0, list(FAMILIES.values()).index(family), number))
    annotation = draw_annotation(rng, family, *(*_SIZES, _SPARE_SIZE)[number])
    return annotation, draw_photo(rng, annotation)


def _label_paths(root: Path, labels: Labels, names: tuple[str, ...]) -> list[Path]:
    return [root / labels.folder / f"{name}{labels.suffix}" for name in names]


def _write_label(path: Path, labels: Labels, annotation: np.ndarray, is_wide: bool) -> None:
    write_label(path, labels.encode(annotation), indexed=labels.indexed, wide=is_wide)


def _write_surroundings(root: Path, files: Layout, key: str, names: tuple[str, ...]) -> None:
    """The list of the split, and an image of another split, perhaps with its annotation."""
    if files.split:
        path = root / files.split
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{name}\n" for name in names))
    spare = family_of(key).spare
    annotation, photo = _draw(key, MAX_IMAGES)
    if files.spare_images:
        write_photo(root / files.spare_images / f"{spare}{files.image_suffix}", photo, "rgb")
    if files.spare_labels:
        path = root / files.spare_labels / f"{spare}{files.labels.suffix}"
        _write_label(path, files.labels, annotation, is_wide=False)

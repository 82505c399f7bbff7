"""
The prediction for one image.

Shape letters: `C` classes of the output, `H, W` pixels.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ...modeling.outputs import ClassScores, full_scores
from ...modeling.purification.diagnosis import (
    Purification,
    WindowDiagnosis,
    summarise_diagnoses,
)
from ...modeling.resampling import bilinear_neighbours
from ...text.names_and_colors import Color
from ...utils.files import write_whole
from . import saving

if TYPE_CHECKING:
    import supervision
    from PIL import Image


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """
    Attributes:
        image: the segmented image, upright, uint8 RGB, shape (H, W, 3).
        label_map: index into `names`, -1 without a class, int32, shape (H, W).
        names: C distinct names; "background" first if the vocabulary has background words.
        colors: (red, green, blue) of each class, 0 to 255; the background is black.
        windows: diagnosis of each window; empty for a base method alone.
        found: scores of the kept classes, on the CPU, at the resolution of the network.
        background: the score of class 0 is 1 - max over the others.
        floor: the least score of class 0.
        is_compact: `found` and `windows` are empty, see `compact`.
    """

    image: np.ndarray
    label_map: np.ndarray
    names: tuple[str, ...]
    colors: tuple[Color, ...]
    windows: tuple[WindowDiagnosis, ...]
    found: ClassScores
    background: bool = False
    floor: float = 0.0
    is_compact: bool = False

    @cached_property
    def purification(self) -> Purification | None:
        """The decisions over all windows: words with their scores, groups with their winners."""
        return summarise_diagnoses(self.windows) if self.windows else None

    @property
    def scores(self) -> np.ndarray:
        """
        The scores whose argmax is `label_map`, float32 in [0, 1], shape (C, H, W).

        Each access computes them: 4 * C * H * W bytes.

        Raises:
            ValueError: the prediction is compact.
        """
        return self._full(self._found, (self.label_map.shape[0], self.label_map.shape[1]))

    def scores_at(self, y: int, x: int) -> list[tuple[str, float]]:
        """
        Names and scores above 0 of the pixel in row y and column x, best first.

        Raises:
            IndexError: the pixel is outside the image.
            ValueError: the prediction is compact.
        """
        height, width = self.label_map.shape
        if not (0 <= y < height and 0 <= x < width):
            raise IndexError(f"pixel ({y}, {x}) of an image of {height} rows, {width} columns.")
        scores = self._full(self._around(y, x), (1, 1))[:, 0, 0]
        order = np.argsort(-scores, kind="stable")
        return [(self.names[k], float(scores[k])) for k in order if scores[k] > 0]

    @cached_property
    def shares(self) -> dict[str, float]:
        """Name -> share of the pixels, 0 to 1, largest first; only names with pixels."""
        counts = np.bincount(self.label_map[self.label_map >= 0], minlength=len(self.names))
        order = np.argsort(-counts, kind="stable")
        return {self.names[k]: float(counts[k]) / self.label_map.size for k in order if counts[k]}

    def surviving_scores(self) -> tuple[np.ndarray, np.ndarray]:
        """
        The classes that score somewhere, and their scores at the size of the network's input.

        Resized bilinearly, their argmax is `label_map`. A background of 1 - max is one of them.

        Returns:
            tuple: indices in `names`, int32 (S,), and float32 (S, h, w).

        Raises:
            ValueError: the prediction is compact.
        """
        found = self._found
        scores, classes = found.scores.float().numpy(), found.classes.numpy().astype(np.int32)
        if self.background:
            rest = 1 - scores.max(axis=0, initial=0.0)[None]
            scores, classes = np.concatenate([rest, scores]), np.append(np.int32(0), classes + 1)
        if self.floor and 0 in classes:
            scores[classes == 0] = np.maximum(scores[classes == 0], self.floor)
        return classes.astype(np.int32), scores

    @cached_property
    def mean_scores(self) -> dict[str, float]:
        """
        Name -> mean score of the class over the pixels that it wins at the network's resolution,
        or its highest score if it wins pixels of the image only; names of `shares`.

        Raises:
            ValueError: the prediction is compact, and was not asked before.
        """
        classes, scores = self.surviving_scores()
        means = {name: self.floor for name in self.shares}
        winners = scores.argmax(axis=0) if len(scores) else None
        for row, label in enumerate(classes):
            name = self.names[label]
            if name in means:
                won = scores[row][winners == row]
                means[name] = float(won.mean() if won.size else scores[row].max())
        return means

    def compact(self) -> "Prediction":
        """A copy without scores and the diagnoses of windows, which take most memory."""
        nothing = ClassScores(self.found.classes[:0], self.found.scores[:0].clone())
        small = replace(self, windows=(), found=nothing, is_compact=True)
        # Cached properties whose sources the copy does not have.
        vars(small).update(purification=self.purification, mean_scores=self.mean_scores)
        return small

    def overlay(self, longest_side: int = 2048) -> "Image.Image":
        """The image in grey under the colours of its classes, with names and a legend."""
        from ...visualization.drawing import draw_overlay
        from ...visualization.legend import class_counts, visible_shares

        shares = visible_shares(class_counts(self.label_map, len(self.names)))
        return draw_overlay(
            self.image, self.label_map, self.names, self.colors, shares, longest_side
        )

    def show(self) -> None:
        """Show the overlay, in a notebook below the cell, otherwise in the image viewer."""
        saving.show_image(self.overlay(saving.SHOWN_SIDE))

    def save(self, path: str | os.PathLike[str], format: str | None = None, **options: Any) -> Path:
        """
        Write one file; a file of that name is replaced.

        Args:
            format: `labels` (an indexed PNG, in which 255 or 65535 is no word), `overlay`, `coco`,
                `labelme`, `yolo` or `npz`; default: by suffix, .png `labels`, .jpg `overlay`, .txt
                `yolo`, .npz `npz`. A .json may be `coco` or `labelme`.
            options: those of `to_coco`, `to_labelme` and `to_yolo`.

        Returns:
            Path: of the file.

        Raises:
            ValueError: unknown format, or none for this suffix.
            OSError: the folder is missing, full or cannot be written to.
        """
        path = Path(path)
        encode = saving.png_of if path.suffix.lower() == ".png" else saving.jpeg_of
        writers: dict[str, Callable[..., bytes]] = {
            "labels": self._label_png,
            "overlay": lambda **given: encode(self.overlay(**given)),
            "npz": lambda: saving.scores_npz(self.label_map, self.names, *self.surviving_scores()),
            "coco": lambda **given: saving.as_json(self.to_coco(**given)),
            "labelme": lambda **given: saving.as_json(self.to_labelme(**given)),
            "yolo": lambda **given: self.to_yolo(**given).encode(),
        }
        write_whole(path, writers[saving.choose_format(path, format, writers)](**options))
        return path

    def _label_png(self) -> bytes:
        from ...visualization.label_png import label_png

        return label_png(self.label_map, self.colors)

    def to_coco(self, file_name: str = "", *, connected: bool = False) -> dict[str, Any]:
        """A COCO data set of this image, see `data.exports.coco_dataset`; masks without loss."""
        from ...data.exports import coco_dataset

        scores = self.mean_scores
        return coco_dataset(self.label_map, self.names, file_name, scores, connected=connected)

    def to_yolo(self, tolerance: float = 1.0) -> str:
        """The label file of YOLO's segmentation, see `data.exports.yolo_lines`."""
        from ...data.exports import yolo_lines

        return yolo_lines(self.label_map, self.names, tolerance)

    def to_labelme(self, image_path: str = "", tolerance: float = 1.0) -> dict[str, Any]:
        """The content of a LabelMe file, see `data.exports.labelme_file`."""
        from ...data.exports import labelme_file

        return labelme_file(self.label_map, self.names, image_path, self.mean_scores, tolerance)

    def to_supervision(self, *, connected: bool = False) -> "supervision.Detections":
        """
        `supervision.Detections` of the regions, see `data.exports.find_regions`: masks without
        loss, the index in `names`, `mean_scores` as confidence, and names as `class_name`.

        Raises:
            ImportError: `supervision` is not installed.
        """
        return saving.to_detections(self.label_map, self.names, self.mean_scores, connected)

    def __repr__(self) -> str:
        return saving.describe(self.label_map, self.shares, self.purification)

    def _repr_png_(self) -> bytes:
        return saving.png_of(self.overlay(saving.SHOWN_SIDE))

    @property
    def _found(self) -> ClassScores:
        if self.is_compact:
            raise ValueError("a compact prediction has no scores; read them before `compact()`.")
        return self.found

    def _full(self, found: ClassScores, size: tuple[int, int]) -> np.ndarray:
        num_classes = len(self.names) - self.background
        scores = full_scores(found, num_classes, size, background=self.background, floor=self.floor)
        return scores.numpy()

    def _around(self, y: int, x: int) -> ClassScores:
        """The scores of the kept classes at one pixel of the image, bilinear."""
        classes, scores = self._found
        rows = bilinear_neighbours(y, self.label_map.shape[0], scores.shape[1])
        columns = bilinear_neighbours(x, self.label_map.shape[1], scores.shape[2])
        corners = [scores[:, i, j] * (wi * wj) for i, wi in rows for j, wj in columns]
        value = torch.stack(corners).sum(dim=0)
        return ClassScores(classes, value[:, None, None])

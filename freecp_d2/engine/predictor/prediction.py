"""
The prediction for one image.

Shape letters: `C` classes of the output, `H, W` pixels.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from ...modeling.purification.diagnosis import Purification, WindowDiagnosis, summarise_diagnoses
from ...modeling.stitching import ClassScores, full_scores
from ...text.class_colors import Color


@dataclass(frozen=True, eq=False)
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
    """

    image: np.ndarray
    label_map: np.ndarray
    names: tuple[str, ...]
    colors: tuple[Color, ...]
    windows: tuple[WindowDiagnosis, ...]
    found: ClassScores
    background: bool = False
    floor: float = 0.0

    @cached_property
    def purification(self) -> Purification | None:
        """The decisions over all windows: words with their scores, groups with their winners."""
        return summarise_diagnoses(self.windows) if self.windows else None

    @property
    def scores(self) -> np.ndarray:
        """
        The scores whose argmax is `label_map`, float32 in [0, 1], shape (C, H, W).

        Each access computes them: 4 * C * H * W bytes.
        """
        return self._full(self.found, (self.label_map.shape[0], self.label_map.shape[1]))

    def scores_at(self, y: int, x: int) -> list[tuple[str, float]]:
        """
        Names and scores above 0 of the pixel in row y and column x, best first.

        Raises:
            IndexError: the pixel is outside the image.
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

    def _full(self, found: ClassScores, size: tuple[int, int]) -> np.ndarray:
        num_classes = len(self.names) - self.background
        scores = full_scores(found, num_classes, size, background=self.background, floor=self.floor)
        return scores.numpy()

    def _around(self, y: int, x: int) -> ClassScores:
        """The scores of the kept classes at one pixel of the image, bilinear."""
        scores = self.found.scores
        rows = bilinear_neighbours(y, self.label_map.shape[0], scores.shape[1])
        columns = bilinear_neighbours(x, self.label_map.shape[1], scores.shape[2])
        corners = [scores[:, i, j] * (wi * wj) for i, wi in rows for j, wj in columns]
        value = torch.stack(corners).sum(dim=0)
        return ClassScores(self.found.classes, value[:, None, None])


def bilinear_neighbours(position: int, length: int, source: int) -> list[tuple[int, float]]:
    """Indices and weights of the two of `source` samples next to one of `length` pixels."""
    at = max(0.0, (position + 0.5) * source / length - 0.5)
    first = int(at)
    return [(first, 1 - (at - first)), (min(first + 1, source - 1), at - first)]

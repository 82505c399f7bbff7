"""
The part of a prediction that the page keeps for each visitor; all scores would be too large.

Shape shorthand in this module: C classes of the output, T best of them, h x w at the resolution of
the network, H, W pixels.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ...engine.predictor import Prediction
from ...engine.predictor.prediction import bilinear_neighbours
from ...modeling.purification.diagnosis import Purification, WindowDiagnosis, summarise_diagnoses
from ...modeling.stitching import ClassScores, full_scores
from ...text.class_colors import Color

_BEST = 5
_BAND = 64  # rows of which all scores are in memory at once


@dataclass(frozen=True, eq=False)
class Labels:
    """
    Attributes:
        image, label_map, names, colors, windows, shares: see `Prediction`.
        best_classes: the T best classes at each position, int16, shape (T, h, w).
        best_scores: their scores, float16, shape (T, h, w).
    """

    image: np.ndarray
    label_map: np.ndarray
    names: tuple[str, ...]
    colors: tuple[Color, ...]
    windows: tuple[WindowDiagnosis, ...]
    shares: dict[str, float]
    best_classes: Tensor
    best_scores: Tensor

    @classmethod
    def of(cls, prediction: Prediction) -> "Labels":
        """Keep all but the scores below the T best: 20 bytes a position in place of 4 * C."""
        return cls(
            prediction.image,
            prediction.label_map.astype(np.int16),
            prediction.names,
            prediction.colors,
            prediction.windows,
            prediction.shares,
            *_best(prediction),
        )

    @property
    def color_of(self) -> dict[str, Color]:
        return dict(zip(self.names, self.colors, strict=True))

    @cached_property
    def purification(self) -> Purification | None:
        return summarise_diagnoses(self.windows) if self.windows else None

    def best_at(self, y: int, x: int) -> list[tuple[str, float]]:
        """
        The best names of the pixel in row y, column x, and their scores above 0, best first.

        Scores are bilinear, with 0 for a word that is not among the best at a neighbour.
        """
        (height, width), (h, w) = self.label_map.shape, self.best_scores.shape[1:]
        found: dict[int, float] = {}
        for i, row_weight in bilinear_neighbours(y, height, h):
            for j, column_weight in bilinear_neighbours(x, width, w):
                scores = (self.best_scores[:, i, j].float() * row_weight * column_weight).tolist()
                for k, score in zip(self.best_classes[:, i, j].tolist(), scores, strict=True):
                    found[k] = found.get(k, 0.0) + score
        order = sorted(found, key=lambda k: (-found[k], k))[:_BEST]
        return [(self.names[k], found[k]) for k in order if found[k] > 0]


def _best(prediction: Prediction) -> tuple[Tensor, Tensor]:
    """Classes (T, h, w), int16, and scores, float16, computed in bands of rows."""
    classes, scores = prediction.found
    num_classes = len(prediction.names) - prediction.background
    bands = []
    for rows in scores.split(_BAND, dim=1):
        full = full_scores(
            ClassScores(classes, rows),
            num_classes,
            (rows.shape[1], rows.shape[2]),
            background=prediction.background,
            floor=prediction.floor,
        )
        values, indices = full.topk(min(_BEST, len(full)), dim=0)
        bands.append((indices.to(torch.int16), values.half()))
    found_classes, found_scores = zip(*bands, strict=True)
    return torch.cat(found_classes, dim=1), torch.cat(found_scores, dim=1)

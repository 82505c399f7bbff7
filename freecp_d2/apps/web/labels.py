"""
The part of a prediction that the page keeps for each visitor; all scores would be too large.

Shape shorthand in this module: C classes of the output, T best of them, h x w at the resolution of
the network.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...engine.predictor import Prediction
from ...modeling.resampling import bilinear_neighbours
from ...modeling.stitching import ClassScores, full_scores

_BEST = 5


@dataclass(frozen=True, eq=False)
class Labels:
    """
    Attributes:
        prediction: without its scores.
        best_classes: the T best classes at each position, int16, shape (T, h, w).
        best_scores: their scores, float16, shape (T, h, w).
    """

    prediction: Prediction
    best_classes: Tensor
    best_scores: Tensor

    @classmethod
    def of(cls, prediction: Prediction) -> "Labels":
        """Keep all but the scores below the T best: 20 bytes a position in place of 4 * C."""
        classes, scores = prediction.found
        full = full_scores(
            prediction.found,
            len(prediction.names) - prediction.background,
            (scores.shape[1], scores.shape[2]),
            background=prediction.background,
            floor=prediction.floor,
        )
        values, indices = full.topk(min(_BEST, len(full)), dim=0)
        none = ClassScores(classes[:0].clone(), scores[:0].clone())  # without the memory of all
        return cls(replace(prediction, found=none), indices.to(torch.int16), values.half())

    def best_at(self, y: int, x: int) -> list[tuple[str, float]]:
        """
        The best names of the pixel in row y, column x, and their scores above 0, best first.

        Scores are bilinear, with 0 for a word that is not among the best at a neighbour.
        """
        (height, width), (h, w) = self.prediction.label_map.shape, self.best_scores.shape[1:]
        found: dict[int, float] = {}
        for i, row_weight in bilinear_neighbours(y, height, h):
            for j, column_weight in bilinear_neighbours(x, width, w):
                scores = (self.best_scores[:, i, j].float() * row_weight * column_weight).tolist()
                for k, score in zip(self.best_classes[:, i, j].tolist(), scores, strict=True):
                    found[k] = found.get(k, 0.0) + score
        order = sorted(found, key=lambda k: (-found[k], k))[:_BEST]
        return [(self.prediction.names[k], found[k]) for k in order if found[k] > 0]

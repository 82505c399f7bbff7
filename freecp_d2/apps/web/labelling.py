"""
One model for all visitors of the page: each gets the labels of their own words.

Shape shorthand in this module: H, W pixels.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...checkpoint.embedded import EMBEDDED_NAME
from ...engine import load_config
from ...engine.predictor import Predictor
from ...text import Vocabulary
from .labels import Labels
from .methods import build_predictors

__all__ = ["Comparison", "Labeller", "Thresholds"]


@dataclass(frozen=True)
class Thresholds:
    """tau_r of Eq. (5) and tau_a of Eq. (7), both in [0, 1] or "auto"."""

    redundancy: float | str
    ambiguity: float | str


@dataclass(frozen=True, eq=False)
class Comparison:
    """
    Attributes:
        method: what the base method is called.
        alone: the labels of the base method.
        freecp: those with purification.
    """

    method: str
    alone: Labels
    freecp: Labels

    @property
    def titled(self) -> tuple[tuple[str, Labels], tuple[str, Labels]]:
        """Both, with what they are called."""
        return (f"{self.method} alone", self.alone), (f"{self.method} + FreeCP", self.freecp)


class Labeller:
    """
    Labels images by a base method, with and without purification; from any thread.

    The methods share weights, words and thresholds, and these are state; so a comparison sets them
    and segments while nobody else can.

    Attributes:
        vocabulary, thresholds: what a visitor starts with.

    Args:
        predictors: with purification, by the base method's name, the preferred one first.
        is_embedded: their weights are those that come with the package.
    """

    def __init__(self, predictors: Mapping[str, Predictor], *, is_embedded: bool = False) -> None:
        self._predictors = dict(predictors)
        self._alone = {name: predictor.alone() for name, predictor in predictors.items()}
        self._lock = threading.Lock()
        self.is_embedded = is_embedded
        first = next(iter(self._predictors.values()))
        self.vocabulary = first.vocabulary
        head: Any = first.model.purification_head
        if not hasattr(head, "set_thresholds"):
            raise ValueError(
                f"{type(head).__name__} has no thresholds to set; the page needs a config with "
                'MODEL.PURIFICATION_HEAD.NAME="ClassPurification".'
            )
        self.thresholds = Thresholds(head.redundancy_thresh, head.ambiguity_thresh)

    @classmethod
    def from_config(
        cls, config_file: str, vocabulary: Vocabulary | None = None, opts: Sequence[str] = ()
    ) -> "Labeller":
        """
        Args:
            config_file: of a method with purification.
            vocabulary: the words that a visitor finds; None: those of the config.
            opts: alternating keys and values.

        Raises:
            FileNotFoundError, KeyError, ValueError: of the config, its words or its weights.
        """
        cfg = load_config(config_file, opts, for_images=True)
        is_embedded = cfg.MODEL.CLIP.PRETRAINED == EMBEDDED_NAME
        return cls(build_predictors(cfg, vocabulary), is_embedded=is_embedded)

    @property
    def methods(self) -> tuple[str, ...]:
        """The base methods, the preferred one first."""
        return tuple(self._predictors)

    def compare(
        self, image: np.ndarray, vocabulary: Vocabulary, method: str, thresholds: Thresholds
    ) -> Comparison:
        """
        Args:
            image: uint8 RGB, shape (H, W, 3).
            vocabulary: the words.
            method: one of `methods`.
            thresholds: of both purifications.

        Raises:
            ValueError: no such method; a threshold out of its range.
        """
        if method not in self._predictors:
            raise ValueError(f"no base method {method!r}; use one of {', '.join(self.methods)}.")
        predictor, alone = self._predictors[method], self._alone[method]
        with self._lock:
            predictor.set_thresholds(
                redundancy=thresholds.redundancy, ambiguity=thresholds.ambiguity
            )
            if predictor.vocabulary.digest != vocabulary.digest:
                predictor.set_vocabulary(vocabulary, on_disk=False)
            freecp = Labels.of(predictor(image, "RGB"))
            return Comparison(method, Labels.of(alone(image, "RGB")), freecp)

"""
Label images with a base method, with and without FreeCP: one set of models for all visitors, and
the part of a prediction that the page keeps for each; all scores would be too large.

Shape shorthand in this module: H, W pixels, C classes of the output, T best of them, h x w at the
resolution of the network.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...checkpoint.catalogue import EMBEDDED_NAME
from ...d2 import CfgNode
from ...data.images.options import Reading
from ...engine import load_config
from ...engine.predictor import Prediction, Predictor, with_heads
from ...modeling.backbone import build_clip_backbone, load_clip_from_config
from ...modeling.backbone.cached import CachedBackbone, FeatureMemory
from ...modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ...modeling.outputs import ClassScores, full_scores
from ...modeling.resampling import bilinear_neighbours
from ...text import Vocabulary
from ..reproduce.tables import FURTHER_METHODS, METHODS

_BEST = 5


@dataclass(frozen=True, eq=False)
class Labels:
    """
    A prediction without its scores, and the T best classes at each position, int16, and their
    scores, float16, both (T, h, w).
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
        The best names of the pixel in row y, column x, and their scores above 0, best first. Scores
        are bilinear, with 0 for a word that is not among the best at a neighbour.
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


@dataclass(frozen=True)
class Thresholds:
    """tau_r of Eq. (5) and tau_a of Eq. (7), both in [0, 1] or "auto"."""

    redundancy: float | str
    ambiguity: float | str


@dataclass(frozen=True, eq=False)
class Comparison:
    """Labels of a base method, alone and with purification."""

    method: str
    alone: Labels
    freecp: Labels

    @property
    def titled(self) -> tuple[tuple[str, Labels], tuple[str, Labels]]:
        return (f"{self.method} alone", self.alone), (f"{self.method} + FreeCP", self.freecp)


class Labeller:
    """
    Labels images with the methods of `predictors`, base method's name -> predictor with
    purification; the default method first.

    Thread-safe: a lock covers setting the words and thresholds, which the models share, and
    segmenting.
    """

    def __init__(self, predictors: Mapping[str, Predictor], *, is_embedded: bool = False) -> None:
        self._predictors = predictors
        self._alone = {name: predictor.alone() for name, predictor in predictors.items()}
        self._lock = threading.Lock()
        self.is_embedded = is_embedded
        first = next(iter(self._predictors.values()))
        self.vocabulary = first.vocabulary
        head: Any = first.model.purification_head
        self.thresholds = Thresholds(head.redundancy_thresh, head.ambiguity_thresh)

    @classmethod
    def from_config(
        cls, config_file: str, vocabulary: Vocabulary | None = None, opts: Sequence[str] = ()
    ) -> "Labeller":
        """Build from the config of a method with purification; the words default to its own."""
        cfg = load_config(config_file, opts, for_images=True)
        predictors = build_predictors(cfg, vocabulary)
        return cls(predictors, is_embedded=cfg.MODEL.CLIP.PRETRAINED == EMBEDDED_NAME)

    @property
    def reading(self) -> Reading:
        """How images of many bands or more than 8 bits are read."""
        return next(iter(self._predictors.values())).mapper.reading

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the base methods, the default first."""
        return tuple(self._predictors)

    def compare(
        self, image: np.ndarray, vocabulary: Vocabulary, method: str, thresholds: Thresholds
    ) -> Comparison:
        """
        Label a uint8 RGB image (H, W, 3); ValueError for an unknown method or a wrong threshold.
        """
        if method not in self._predictors:
            raise ValueError(f"no base method {method!r}; use one of {', '.join(self.methods)}.")
        predictor, alone = self._predictors[method], self._alone[method]
        with self._lock:
            predictor.set_thresholds(**vars(thresholds))
            if predictor.vocabulary.digest != vocabulary.digest:
                predictor.set_vocabulary(vocabulary, on_disk=False)
            freecp = Labels.of(predictor(image, "RGB"))
            return Comparison(method, Labels.of(alone(image, "RGB")), freecp)


def build_predictors(cfg: CfgNode, vocabulary: Vocabulary | None = None) -> dict[str, Predictor]:
    """
    Build the base method of a config, and those of the paper on its weights.

    They share image tower, words, heads, thresholds and a cache of image features. Methods that the
    weights do not allow are left out: a ResNet has no attention to rewrite.
    """
    host, head_name = cfg.MODEL.META_ARCHITECTURE, cfg.MODEL.PURIFICATION_HEAD.NAME
    if host != "FreeCPSegmentor" or not head_name:
        raise ValueError(
            "the page compares base methods of FreeCPSegmentor alone and with FreeCP, and "
            f'MODEL.META_ARCHITECTURE is "{host}", MODEL.PURIFICATION_HEAD.NAME "{head_name}"; use '
            "a config such as storybook/sclip_freecp."
        )
    clip = load_clip_from_config(cfg)
    first = Predictor.from_config(cfg, vocabulary, clip=clip)
    assert isinstance(first.model, FreeCPSegmentor)
    head: Any = first.model.affinity_head
    layers = head.attention_layers if head is not None else ()
    chosen, memory = cfg.MODEL.CLIP.DENSE_ATTENTION, FeatureMemory()
    predictors = {}
    for name in dict.fromkeys([chosen, *METHODS]):
        changed = cfg.clone()
        changed.defrost()
        changed.MODEL.CLIP.DENSE_ATTENTION = name
        try:
            backbone = CachedBackbone(build_clip_backbone(changed, clip), layers, memory)
        except ValueError:
            continue
        model = with_heads(first.model, backbone=backbone)
        title = (METHODS | FURTHER_METHODS).get(name, name)  # another project's has its own
        predictors[title] = Predictor.from_model(model, first.mapper)
    return predictors

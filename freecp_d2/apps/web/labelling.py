"""
Label images with a base method, with and without FreeCP: one set of models for all visitors.

Shape shorthand in this module: H, W pixels.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...checkpoint.embedded import EMBEDDED_NAME
from ...d2 import CfgNode
from ...data.images.options import Reading
from ...engine import load_config
from ...engine.predictor import Predictor, with_heads
from ...modeling.backbone import (
    build_clip_backbone,
    load_clip_from_config,
)
from ...modeling.backbone.cached import CachedBackbone, FeatureMemory
from ...modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ...text import Vocabulary
from ..methods import FURTHER_METHODS, METHODS
from .labels import Labels

_TITLES = METHODS | FURTHER_METHODS
"""Names on the page; a method that another project registered has its own."""


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
        """(title, labels) of both."""
        return (f"{self.method} alone", self.alone), (f"{self.method} + FreeCP", self.freecp)


class Labeller:
    """
    Thread-safe: a lock covers setting the words and thresholds, which the models share, and
    segmenting.

    Args:
        predictors: base method's name -> predictor with purification; the default method first.
        is_embedded: the weights are those of the package.
    """

    def __init__(self, predictors: Mapping[str, Predictor], *, is_embedded: bool = False) -> None:
        self._predictors = dict(predictors)
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
        Label a uint8 RGB image (H, W, 3) by one of `methods`.

        Raises:
            ValueError: unknown method; a threshold out of its range.
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

    Returns:
        dict[str, Predictor]: base method's name -> predictor, the config's method first. They share
        image tower, words, heads, thresholds and a cache of image features. Methods that the
        weights do not allow are left out: a ResNet has no attention to rewrite.

    Raises:
        ValueError: the config has no purification.
    """
    if not cfg.MODEL.PURIFICATION_HEAD.NAME:
        raise ValueError(
            "the config is of a base method alone, and the page compares it with FreeCP; use one "
            "with MODEL.PURIFICATION_HEAD.NAME, such as configs/storybook/sclip_freecp.yaml."
        )
    if cfg.MODEL.META_ARCHITECTURE != "FreeCPSegmentor":
        raise ValueError(
            f'MODEL.META_ARCHITECTURE is "{cfg.MODEL.META_ARCHITECTURE}", and the page compares '
            "base methods of FreeCPSegmentor; use a config of it, such as ade20k/sclip_freecp."
        )
    clip = load_clip_from_config(cfg)
    first = Predictor.from_config(cfg, vocabulary, clip=clip)
    assert isinstance(first.model, FreeCPSegmentor)
    head: Any = first.model.affinity_head
    layers = head.attention_layers if head is not None else ()
    chosen, memory = cfg.MODEL.CLIP.DENSE_ATTENTION, FeatureMemory()
    predictors = {}
    for name in [chosen, *(name for name in METHODS if name != chosen)]:
        changed = cfg.clone()
        changed.defrost()
        changed.MODEL.CLIP.DENSE_ATTENTION = name
        try:
            backbone = CachedBackbone(build_clip_backbone(changed, clip), layers, memory)
        except ValueError:
            continue
        model = with_heads(first.model, backbone=backbone)
        predictors[_TITLES.get(name, name)] = Predictor.from_model(model, first.mapper)
    return predictors

"""
Purification heads that choose the words of an image once, from all of its windows.

Shapes: N windows of an image, K classes.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...d2 import CfgNode, configurable
from ...method import automatic_redundancy_thresh
from ...utils.device import without_autocast
from .build import (
    PURIFICATION_HEAD_REGISTRY,
    PlacedWindow,
    PurificationOutput,
    batches_of,
    place_windows,
)
from .class_purification import ClassPurification, read_threshold


class Evidence(NamedTuple):
    """What an image says of its classes; on the CPU."""

    consistency: Tensor
    """s of Eq. (5) in each window, (N, K)."""
    probability: Tensor
    """The highest score of each class in the image, in [0, 1], (K,)."""
    presence: Tensor
    """Whether each class is in the image, by a wrapped model; else `probability`. (K,)."""
    allowed: Tensor
    """The classes that an oracle allows, bool, (K,)."""


class Choice(NamedTuple):
    """The classes that an image keeps, bool (K,), by scores (K,) above a threshold."""

    keep: Tensor
    scores: Tensor
    thresh: float


@PURIFICATION_HEAD_REGISTRY.register()
class ImageClassPurification(ClassPurification):
    """
    FreeCP with one decision on redundancy for an image: by the mean or the maximum over its windows
    of Eq. (5)'s scores. The rest is as of `ClassPurification`.

    Subclasses override `choose`. A model calls `preview` for each batch of windows, and
    `decide_image` with all windows of an image.
    """

    @configurable
    def __init__(self, *, pooling: str = "mean", **options: Any):
        """`pooling`: mean or max; options and errors as of `ClassPurification`."""
        super().__init__(**options)
        if self.order == "AP-RP":
            raise ValueError(
                f'MODEL.PURIFICATION_HEAD.ORDER="AP-RP" is not for {type(self).__name__}, which '
                "chooses the classes of an image before its groups; use RP-AP."
            )
        if pooling not in ("mean", "max"):
            raise ValueError(
                f'MODEL.PURIFICATION_HEAD.IMAGE.POOLING="{pooling}" is unknown; use mean or max.'
            )
        self.pooling = pooling

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        pooling = cfg.MODEL.PURIFICATION_HEAD.IMAGE.POOLING
        return {"pooling": pooling, **ClassPurification.from_config(cfg)}

    @without_autocast
    def preview(
        self,
        maps: Tensor,
        normalized_cam: Tensor,
        transition: Tensor,
        classify: object = None,
        allowed: Tensor | None = None,
    ) -> PurificationOutput:
        """Eq. (3) and Eq. (5)'s scores of windows, nothing removed; arguments as of the head."""
        found = self._refine(maps, normalized_cam, transition, allowed)
        found.highest = maps.flatten(2).amax(dim=2)
        return found

    def choose(self, found: Evidence) -> Choice:
        """The classes that an image keeps; called if RP takes place."""
        scores = found.consistency
        scores = scores.mean(dim=0) if self.pooling == "mean" else scores.amax(dim=0)
        thresh = self.redundancy_thresh
        if isinstance(thresh, str):
            thresh = float(automatic_redundancy_thresh(scores[None], found.allowed[None])[0])
        return Choice(scores > thresh, scores, thresh)


class _WithoutConsistency(ImageClassPurification):
    """A head whose choice does not depend on Eq. (5), and so not on tau_r."""

    def set_thresholds(
        self, *, redundancy: float | str | None = None, ambiguity: float | str | None = None
    ) -> None:
        """As `ClassPurification.set_thresholds`; also `ValueError` for another tau_r."""
        if redundancy not in (None, self.redundancy_thresh):
            raise ValueError(
                f"{type(self).__name__} does not read tau_r; set its own keys below "
                "MODEL.PURIFICATION_HEAD.IMAGE, or use ClassPurification."
            )
        super().set_thresholds(ambiguity=ambiguity)


class _ImageThreshold(_WithoutConsistency):
    """Keeps classes whose `evidence` is above a threshold."""

    evidence: str
    """The field of `Evidence`."""

    @configurable
    def __init__(self, *, thresh: float = 0.5, **options: Any):
        super().__init__(**options)
        key = f"IMAGE.{self.evidence.upper()}_THRESH"
        self.thresh = float(read_threshold(key, thresh, automatic=False))

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        node = cfg.MODEL.PURIFICATION_HEAD.IMAGE
        thresh = {"presence": node.PRESENCE_THRESH, "probability": node.PROBABILITY_THRESH}
        return {"thresh": thresh[cls.evidence], **ClassPurification.from_config(cfg)}

    def choose(self, found: Evidence) -> Choice:
        scores = getattr(found, self.evidence)
        return Choice(scores > self.thresh, scores, self.thresh)


@PURIFICATION_HEAD_REGISTRY.register()
class PresenceThreshold(_ImageThreshold):
    """Keeps classes whose presence is above a threshold, as SegEarth-OV3 does."""

    evidence = "presence"


@PURIFICATION_HEAD_REGISTRY.register()
class BestProbability(_ImageThreshold):
    """Keeps classes whose highest score in the image is above a threshold, as RADSeg does."""

    evidence = "probability"


@PURIFICATION_HEAD_REGISTRY.register()
class PresenceShare(_WithoutConsistency):
    """
    Keeps the share of the classes with the highest presence, but no more than `max_classes`; all if
    there are no more than that. As ActiveSAM does.
    """

    @configurable
    def __init__(self, *, share: float = 0.2, max_classes: int = 40, **options: Any):
        super().__init__(**options)
        self.share = float(read_threshold("IMAGE.SHARE", share, automatic=False))
        if max_classes < 1:
            raise ValueError(
                f"MODEL.PURIFICATION_HEAD.IMAGE.MAX_CLASSES is {max_classes}; use 1 or more."
            )
        self.max_classes = max_classes

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        node = cfg.MODEL.PURIFICATION_HEAD.IMAGE
        own = {"share": node.SHARE, "max_classes": node.MAX_CLASSES}
        return {**own, **ClassPurification.from_config(cfg)}

    def choose(self, found: Evidence) -> Choice:
        scores, num_classes = found.presence * found.allowed, int(found.allowed.sum())
        if num_classes <= self.max_classes:
            return Choice(torch.ones_like(scores, dtype=torch.bool), scores, 0.0)
        number = min(max(1, math.ceil(self.share * num_classes)), self.max_classes)
        order = scores.argsort(descending=True, stable=True)
        keep = torch.zeros_like(scores, dtype=torch.bool).index_fill(0, order[:number], True)
        return Choice(keep, scores, float(scores[order[number]]))


def decide_image(
    head: ImageClassPurification,
    windows: Sequence[PlacedWindow],
    *,
    probability: Tensor | None = None,
    presence: Tensor | None = None,
) -> list[PlacedWindow]:
    """
    Purify the windows of one image with one choice of its classes.

    Args:
        windows: all of the image, with the output of `head.preview` on the host.
        probability, presence: see `Evidence`; None: the highest value of the maps, and that.

    Returns:
        list: the windows in their order, in batches of this image alone. Scores and threshold of
        redundancy are those of the choice.
    """
    batches = [(batch, own, _select(batch.found, own)) for batch, own in batches_of(windows)]
    previews = [preview for _, _, preview in batches]
    if probability is None:
        highest = [preview.highest for preview in previews if preview.highest is not None]
        probability = torch.cat(highest).amax(dim=0)
    choice = None
    if "RP" in head.order.split("-"):
        scores = torch.cat([preview.redundancy_scores for preview in previews])
        presence = probability if presence is None else presence
        allowed = previews[0].keep[0]
        choice = head.choose(Evidence(scores.to(probability), probability, presence, allowed))
    decided: list[PlacedWindow] = []
    for batch, own, preview in batches:
        inputs = batch.select([placed.row for placed in own])
        present = None if choice is None else choice.keep.expand(len(own), -1)
        found = head(*inputs, present=present, refined=preview)
        if choice is not None:
            found.redundancy_scores = choice.scores.expand(len(own), -1)
            found.redundancy_thresh = choice.scores.new_full((len(own),), choice.thresh)
        places = [placed.window for placed in own]
        decided += place_windows(places, found, batch.patch_size, batch.checks, inputs, present)
    return decided


def _select(preview: PurificationOutput, windows: list[PlacedWindow]) -> PurificationOutput:
    """The outputs of `preview` for some of its windows."""
    names, rows = ("maps", "keep", "redundancy_scores", "highest"), [w.row for w in windows]
    return replace(preview, **{name: getattr(preview, name)[rows] for name in names})

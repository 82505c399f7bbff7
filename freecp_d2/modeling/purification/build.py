"""
Purification heads: the registry, what a head gets, and what it returns.

Shapes: N windows, K classes, B boxes, h x w patches, P = h * w.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...d2 import CfgNode, Registry
from ...method import AmbiguityGroups, RegionBoxes, no_boxes, no_groups
from ...utils.device import to_host
from ..finite_checks import FiniteChecks
from ..windows import Window, has_score

PURIFICATION_HEAD_REGISTRY = Registry("PURIFICATION_HEAD")
PURIFICATION_HEAD_REGISTRY.__doc__ = """
Registry for purification heads.

The registered object is called with `obj(cfg)` when the model is built, raises ValueError for what
cannot work, and returns an nn.Module. The module is called once for each batch of N windows of one
size, under `no_grad`, as `head(maps, normalized_cam, transition, classify, allowed)`, and returns a
`PurificationOutput`:

    maps        Eq. (1) softmaxed over all words, (N, K, h, w), float32 in [0, 1]; K foreground
                classes, synonyms merged, background words left out.
    normalized_cam  the same after the min-max over all words and patches of its window, in [0, 1].
    transition  T of Eq. (3), (N, P, P), float32, P = h * w, patches row by row.
    classify    the winner of Eq. (8) for boxes of patches, crops batched; see `ClassifyBoxes`.
    allowed     candidates of an oracle, bool (N, K), or None.

Every class keeps its index: a removed class has a map of zeros. Each window is processed
independently, automatic thresholds included.
"""

ClassifyBoxes = Callable[[Tensor, Tensor, Tensor], Tensor]
"""See `crop_classifier.CropClassifier.__call__`."""


class PurificationInputs(NamedTuple):
    """The arguments of a purification head, see `PURIFICATION_HEAD_REGISTRY`."""

    maps: Tensor
    normalized_cam: Tensor
    transition: Tensor
    classify: ClassifyBoxes | None
    allowed: Tensor | None = None


@dataclass(eq=False)
class PurificationOutput:
    """
    Attributes:
        maps: purified maps, 0 where a class is gone, shape (N, K, h, w).
        keep: classes that the oracle, if there is one, and redundancy purification left, bool,
            shape (N, K).
        redundancy_scores: s of Eq. (5), shape (N, K).
        groups: ambiguity groups of all windows.
        region_boxes: boxes of each group with an area (`map_index` is the group).
        winners: winning class of each box, int64, shape (B,).
        redundancy_thresh, ambiguity_thresh: tau_r of Eq. (5) and tau_a of Eq. (7) of each window,
            shape (N,); None where that purification did not take place.
        elimination: what losing a box costs, "region" or "window", see `ClassPurification`.
        highest: the highest value of each class in M, (N, K); only of `preview` of an image head.
        visible: classes with a value in `maps`, bool, (N, K); set by `on_host`.
    """

    maps: Tensor
    keep: Tensor
    redundancy_scores: Tensor
    groups: AmbiguityGroups
    region_boxes: RegionBoxes = field(default_factory=no_boxes)
    winners: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    redundancy_thresh: Tensor | None = None
    ambiguity_thresh: Tensor | None = None
    elimination: str = "region"
    highest: Tensor | None = None
    visible: Tensor | None = None

    def on_host(self, *others: Tensor) -> tuple["PurificationOutput", tuple[Tensor, ...]]:
        """All but the maps, and other tensors, on the CPU, with one wait for the device."""
        own: dict[str, Any] = {k: v for k, v in vars(self).items() if isinstance(v, Tensor)}
        own["visible"] = has_score(own.pop("maps"))
        moved = iter(to_host(*own.values(), *self.groups, *self.region_boxes, *others))
        own = {name: next(moved) for name in own}
        own["groups"] = AmbiguityGroups(next(moved), next(moved))
        own["region_boxes"] = RegionBoxes(next(moved), next(moved))
        return replace(self, **own), tuple(moved)


class PurifiedBatch(NamedTuple):
    """A batch of windows, maybe of several images: arguments and output of the head."""

    inputs: PurificationInputs | None
    """None if nobody repeats the decisions, or of a base method alone."""
    found: PurificationOutput
    """Of `on_host`."""
    patch_size: int
    """Side of a patch of the maps, in pixels of the network's input; not of a base method alone."""
    checks: FiniteChecks
    """Of the features; those of crops that are encoded later are added."""
    present: Tensor | None = None
    """The classes that the image keeps, bool, (N, K), by a head that decides once for an image."""

    def select(self, rows: Sequence[int]) -> PurificationInputs:
        """The arguments for some of the windows."""
        assert self.inputs is not None, "the inputs of these windows are kept"
        maps, cam, transition, classify, allowed = self.inputs
        index = torch.tensor(rows).to(maps.device)
        return PurificationInputs(
            maps[index],
            cam[index],
            transition[index],
            classify and (lambda window, *args: classify(torch.tensor(rows)[window.cpu()], *args)),
            None if allowed is None else allowed[rows],
        )


class PlacedWindow(NamedTuple):
    """A window, the batch in which it was purified, and its place in it."""

    window: Window
    batch: PurifiedBatch
    row: int

    def boxes(self) -> tuple[Tensor, Tensor, Tensor]:
        """Group, (B,), place in pixels, see `in_pixels`, and winner, (B,), of each decided box."""
        found, window = self.batch.found, torch.tensor(self.window.box)
        group, boxes = found.region_boxes
        own = found.groups.window[group] == self.row
        return group[own], in_pixels(boxes[own], window, self.batch.patch_size), found.winners[own]


def in_pixels(boxes: Tensor, windows: Tensor, patch_size: int) -> Tensor:
    """
    Boxes of patches in windows, both (x0, y0, x1, y1), int64, (B, 4) -> boxes in pixels of the
    network's input, without the padding of the windows, (B, 4).
    """
    boxes = windows[..., [0, 1, 0, 1]] + patch_size * boxes
    return boxes.minimum(windows[..., [2, 3, 2, 3]])


def batches_of(
    windows: Sequence[PlacedWindow],
) -> Iterator[tuple[PurifiedBatch, list[PlacedWindow]]]:
    """Each batch and its windows among these, in order."""
    for _, same in groupby(windows, key=lambda placed: id(placed.batch)):
        own = list(same)
        yield own[0].batch, own


def place_windows(
    windows: Sequence[Window],
    found: PurificationOutput,
    patch_size: int,
    checks: FiniteChecks,
    inputs: PurificationInputs | None,
    present: Tensor | None = None,
) -> list[PlacedWindow]:
    """The windows of a `PurifiedBatch`; raises `WeightsError` by `checks`."""
    # The last of a few points where the host waits for the device, none of them in a loop.
    found, (flags,) = found.on_host(checks.flags())
    checks.raise_for(flags)
    batch = PurifiedBatch(inputs, found, patch_size, checks, present)
    return [PlacedWindow(window, batch, n) for n, window in enumerate(windows)]


def unpurified(maps: Tensor) -> PurificationOutput:
    """The output for a base method alone: (N, K, h, w), nothing removed."""
    keep = torch.ones_like(maps[:, :, 0, 0], dtype=torch.bool)
    scores = torch.zeros_like(keep, dtype=maps.dtype)
    return PurificationOutput(maps, keep, scores, no_groups(keep.shape[1], keep.device))


def build_purification_head(cfg: CfgNode) -> nn.Module:
    """Build the head that `cfg.MODEL.PURIFICATION_HEAD.NAME` names."""
    return PURIFICATION_HEAD_REGISTRY.get(cfg.MODEL.PURIFICATION_HEAD.NAME)(cfg)

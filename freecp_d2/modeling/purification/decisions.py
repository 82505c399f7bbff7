"""
The decisions of purification in one image, for an evaluator that has its ground truth.

The ground truth stays with the evaluator. It compares the decisions with it, or has them repeated
with an oracle in place of redundancy purification (RP), ambiguity purification (AP) or both.

Shapes: N windows, K classes, B boxes.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..inputs import FiniteChecks
from ..windows import Window
from .build import ClassifyBoxes, PurificationOutput
from .class_purification import ClassPurification

PixelsInBoxes = Callable[[np.ndarray], np.ndarray]
"""
The ground truth: boxes (x0, y0, x1, y1) in pixels of the network's input, int64, (B, 4) -> pixels
of each class in each box, int64, (B, K).
"""


class PurificationInputs(NamedTuple):
    """The arguments of a purification head, see `PURIFICATION_HEAD_REGISTRY`."""

    maps: Tensor
    normalized_cam: Tensor
    transition: Tensor
    classify: ClassifyBoxes | None
    allowed: Tensor | None = None

    def select(self, rows: Sequence[int]) -> "PurificationInputs":
        """The arguments for some of the windows."""
        maps, cam, transition, classify, allowed = self
        index = torch.tensor(rows).to(maps.device)
        return PurificationInputs(
            maps[index],
            cam[index],
            transition[index],
            classify and (lambda window, *args: classify(torch.tensor(rows)[window.cpu()], *args)),
            None if allowed is None else allowed[rows],
        )


class PurifiedBatch(NamedTuple):
    """A batch of windows, maybe of several images: arguments and output of the head."""

    inputs: PurificationInputs
    found: PurificationOutput
    present: Tensor | None = None
    """The classes that the image keeps, bool, (N, K), by a head that decides once for an image."""
    checks: FiniteChecks | None = None
    """Of the features; those of crops that are encoded later are added."""


PlacedWindow = tuple[Window, PurifiedBatch, int]
"""A window, its batch and its place in it."""


def batches_of(
    windows: Sequence[PlacedWindow],
) -> Iterator[tuple[PurifiedBatch, list[int], list[Window]]]:
    """Each batch, the places of these windows in it, and these windows, in order."""
    for _, same in groupby(windows, key=lambda item: id(item[1])):
        own, batches, rows = zip(*same, strict=True)
        yield batches[0], list(rows), list(own)


class DecisionArrays(NamedTuple):
    """The decisions of one image as NumPy arrays; boxes as in `PixelsInBoxes`."""

    windows: np.ndarray
    """(N, 4)."""
    keep: np.ndarray
    """Classes that are left after RP, bool, (N, K)."""
    scores: np.ndarray
    """s of Eq. (5), float32, (N, K)."""
    thresh: np.ndarray
    """tau_r of each window, (N,); empty if RP did not take place."""
    boxes: np.ndarray
    """The boxes of ambiguity groups that Eq. (8) decided, (B, 4)."""
    members: np.ndarray
    """The group of each box, bool, (B, K)."""
    winners: np.ndarray
    """The class that Eq. (8) elected in each box, (B,)."""


@dataclass(frozen=True)
class Decisions:
    """
    Attributes:
        windows: each window of the image, with its batch and its place in it.
        head: the purification head.
        size: (height, width) of the network's input.
        patch_size: in pixels of the network's input.
        channels: the output channel of each of the K classes.
        read_out: what the model returns as "sem_seg" if its windows are purified in another way,
            given the output of the head for each window and the window's place in it.
    """

    windows: Sequence[PlacedWindow]
    head: nn.Module
    size: tuple[int, int]
    patch_size: int
    channels: Sequence[int]
    read_out: Callable[[Sequence[tuple[PurificationOutput, int]]], Tensor]

    def then(self, convert: Callable[[Tensor], Tensor]) -> "Decisions":
        """The same decisions with `convert` applied to what `read_out` returns."""
        read_out = self.read_out
        return replace(self, read_out=lambda found: convert(read_out(found)))

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that an oracle can replace, of "RP" and "AP"; none of an unknown head."""
        if not isinstance(self.head, ClassPurification):
            return ()
        can_elect = all(batch.inputs.classify is not None for _, batch, _ in self.windows)
        enabled = self.head.order.split("-")
        return tuple(s for s in ("RP", "AP") if s in enabled and (s == "RP" or can_elect))

    def read(self) -> DecisionArrays:
        """Copy the decisions from the device."""
        parts = [self._read(*part) for part in batches_of(self.windows)]
        return DecisionArrays(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _read(
        self, batch: PurifiedBatch, rows: list[int], windows: Sequence[Window]
    ) -> DecisionArrays:
        found = batch.found
        place = np.full(len(found.keep), -1)
        place[rows] = np.arange(len(rows))
        group = found.region_boxes.map_index.numpy()
        window = place[found.groups.window.cpu().numpy()[group]]
        is_own = window >= 0
        thresh = found.redundancy_thresh
        return DecisionArrays(
            windows=_sides(windows),
            keep=found.keep.cpu().numpy()[rows],
            scores=found.redundancy_scores.float().cpu().numpy()[rows],
            thresh=np.zeros(0) if thresh is None else thresh.double().cpu().numpy()[rows],
            boxes=self._in_pixels(
                windows, window[is_own], found.region_boxes.boxes.numpy()[is_own]
            ),
            members=found.groups.members.cpu().numpy()[group][is_own],
            winners=found.winners.cpu().numpy()[is_own],
        )

    def _in_pixels(
        self, windows: Sequence[Window], window: np.ndarray, boxes: np.ndarray
    ) -> np.ndarray:
        """Boxes of patches, (B, 4), in `windows[window]` -> pixels, without the padding."""
        x0, y0, x1, y1 = _sides(windows)[window].T
        boxes = self.patch_size * boxes + np.stack([x0, y0, x0, y0], axis=1)
        return np.minimum(boxes, np.stack([x1, y1, x1, y1], axis=1))

    @torch.no_grad()
    def decide_with(self, truth: PixelsInBoxes, steps: Collection[str]) -> Tensor:
        """
        What the model returns as "sem_seg" with an oracle in place of some of `steps`.

        RP keeps the classes with pixels in the window. AP elects the class of the group with the
        most pixels in the box; where none has any, Eq. (8) elects.
        """
        found: list[tuple[PurificationOutput, int]] = []
        for batch, rows, windows in batches_of(self.windows):
            inputs = batch.inputs.select(rows)
            if "AP" in steps and inputs.classify is not None:
                oracle = self._oracle(truth, windows, inputs.classify, inputs.maps.device)
                inputs = inputs._replace(classify=oracle)
            present = None if batch.present is None else batch.present[rows]
            if "RP" in steps:
                present = torch.from_numpy(truth(_sides(windows)) > 0).to(inputs.maps.device)
            output = self.head(*inputs, present=present)
            if batch.checks is not None:
                batch.checks.raise_for(batch.checks.flags())
            found += [(output, n) for n in range(len(rows))]
        return self.read_out(found)

    def _oracle(
        self,
        truth: PixelsInBoxes,
        windows: Sequence[Window],
        classify: ClassifyBoxes,
        device: torch.device,
    ) -> ClassifyBoxes:
        def elect(window: Tensor, boxes: Tensor, candidates: Tensor) -> Tensor:
            window, boxes, candidates = (x.cpu() for x in (window, boxes, candidates))
            pixels = truth(self._in_pixels(windows, window.numpy(), boxes.numpy()))
            counts = torch.from_numpy(pixels) * candidates
            most, winners = counts.max(dim=1)
            unknown = (most == 0).nonzero().flatten()
            if len(unknown):
                rest = classify(window[unknown], boxes[unknown], candidates[unknown])
                winners[unknown] = rest.cpu()
            return winners.to(device)

        return elect


def _sides(windows: Sequence[Window]) -> np.ndarray:
    """(x0, y0, x1, y1) of windows, int64, (N, 4)."""
    return np.array([(x0, y0, x1, y1) for _, y0, x0, y1, x1 in windows], dtype=np.int64)

"""
The decisions of purification in one image, for an evaluator that has its ground truth.

The ground truth stays with the evaluator. It compares the decisions with it, or has them repeated
with an oracle in place of redundancy purification (RP), ambiguity purification (AP) or both.

Shapes: N windows, K classes, B boxes.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from .build import (
    ClassifyBoxes,
    PlacedWindow,
    PurificationOutput,
    batches_of,
    in_pixels,
)
from .class_purification import ClassPurification

PixelsInBoxes = Callable[[np.ndarray], np.ndarray]
"""
The ground truth: boxes (x0, y0, x1, y1) in pixels of the network's input, int64, (B, 4) -> pixels
of each class in each box, int64, (B, K).
"""


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
        windows: each window of the image.
        head: the purification head.
        size: (height, width) of the network's input.
        channels: the output channel of each of the K classes.
        read_out: what the model returns as "sem_seg" if its windows are purified in another way,
            given the output of the head for each window and the window's place in it.
    """

    windows: Sequence[PlacedWindow]
    head: nn.Module
    size: tuple[int, int]
    channels: Sequence[int]
    read_out: Callable[[Sequence[tuple[PurificationOutput, int]]], Any]

    def then(self, convert: Callable[[Any], Tensor]) -> "Decisions":
        """The same decisions with `convert` applied to what `read_out` returns."""
        read_out = self.read_out
        return replace(self, read_out=lambda found: convert(read_out(found)))

    def result(self) -> Tensor:
        """What `read_out` returns for the windows as they are."""
        return self.read_out([(batch.found, n) for _, batch, n in self.windows])

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that an oracle can replace, of "RP" and "AP"; none of an unknown head."""
        if not isinstance(self.head, ClassPurification):
            return ()
        inputs = [window.batch.inputs for window in self.windows]
        can_elect = all(x is not None and x.classify is not None for x in inputs)
        enabled = self.head.order.split("-")
        return tuple(s for s in ("RP", "AP") if s in enabled and (s == "RP" or can_elect))

    def read(self) -> DecisionArrays:
        """The decisions as arrays."""
        parts = [_read(window) for window in self.windows]
        return DecisionArrays(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    @torch.no_grad()
    def decide_with(self, truth: PixelsInBoxes, steps: Collection[str]) -> Tensor:
        """
        What the model returns as "sem_seg" with an oracle in place of some of `steps`.

        RP keeps the classes with pixels in the window. AP elects the class of the group with the
        most pixels in the box; where none has any, Eq. (8) elects.
        """
        found: list[tuple[PurificationOutput, int]] = []
        for batch, own in batches_of(self.windows):
            rows, windows = [w.row for w in own], torch.tensor([w.window.box for w in own])
            inputs = batch.select(rows)
            if "AP" in steps and inputs.classify is not None:
                device = inputs.maps.device
                oracle = _oracle(truth, windows, batch.patch_size, inputs.classify, device)
                inputs = inputs._replace(classify=oracle)
            present = None if batch.present is None else batch.present[rows]
            if "RP" in steps:
                present = torch.from_numpy(truth(windows.numpy()) > 0).to(inputs.maps.device)
            output = self.head(*inputs, present=present)
            batch.checks.raise_for(batch.checks.flags())
            found += [(output, n) for n in range(len(rows))]
        return self.read_out(found)


def _read(placed: PlacedWindow) -> DecisionArrays:
    """The arrays of one window."""
    found, own = placed.batch.found, slice(placed.row, placed.row + 1)
    group, boxes, winners = placed.boxes()
    thresh = found.redundancy_thresh
    return DecisionArrays(
        windows=np.array([placed.window.box]),
        keep=found.keep[own].numpy(),
        scores=found.redundancy_scores[own].float().numpy(),
        thresh=np.zeros(0) if thresh is None else thresh[own].double().numpy(),
        boxes=boxes.numpy(),
        members=found.groups.members[group].numpy(),
        winners=winners.numpy(),
    )


def _oracle(
    truth: PixelsInBoxes,
    windows: Tensor,
    patch_size: int,
    classify: ClassifyBoxes,
    device: torch.device,
) -> ClassifyBoxes:
    """Elects by `truth` in `windows`, (N, 4); `classify` elects where it has no pixels."""

    def elect(window: Tensor, boxes: Tensor, candidates: Tensor) -> Tensor:
        window, boxes, candidates = (x.cpu() for x in (window, boxes, candidates))
        pixels = truth(in_pixels(boxes, windows[window], patch_size).numpy())
        most, winners = (torch.from_numpy(pixels) * candidates).max(dim=1)
        unknown = (most == 0).nonzero().flatten()
        if len(unknown):
            rest = classify(window[unknown], boxes[unknown], candidates[unknown])
            winners[unknown] = rest.cpu()
        return winners.to(device)

    return elect

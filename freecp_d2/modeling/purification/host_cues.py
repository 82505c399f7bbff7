"""
What a wrapped model may tell besides its scores, and a winner of Eq. (8) by scores.

Shapes: N windows, C channels, K words, B boxes, D channels of features, h x w cells.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from ...method import RegionBoxes, boxes_to_mask
from ..resampling import resample
from .build import ClassifyBoxes


class HostCues(NamedTuple):
    """Optional outputs of a wrapped model for one image; `SAM3Segmentor` has both."""

    presence: Tensor | None = None
    """Whether each channel's word is in the image, in [0, 1], (C,)."""
    features: Tensor | None = None
    """Of the whole image, (D, h, w), which take the place of CLIP's patch tokens."""


def read_cues(output: Mapping[str, Any], num_channels: int, model: str) -> HostCues:
    """The "presence" and "features" of an output; `ValueError` for another shape."""
    cues = HostCues(output.get("presence"), output.get("features"))
    if cues.presence is not None and cues.presence.shape != (num_channels,):
        raise ValueError(
            f'"presence" of {model} has shape {tuple(cues.presence.shape)}, expected one number '
            f"for each of the {num_channels} channels."
        )
    if cues.features is not None and cues.features.ndim != 3:
        raise ValueError(
            f'"features" of {model} have shape {tuple(cues.features.shape)}, expected (D, h, w).'
        )
    return cues


def features_on(cues: Sequence[HostCues], maps: Sequence[Tensor]) -> list[Tensor]:
    """
    The features of each image on the grid of its maps (C, h, w); empty if there are none.

    `ValueError` if only some of the images have features.
    """
    if len({cue.features is None for cue in cues}) > 1:
        raise ValueError(
            'Some outputs of the wrapped model have "features" and others have none; expected '
            "them of all images or of none."
        )
    return [
        resample(cue.features.to(own), (own.shape[1], own.shape[2]))
        for cue, own in zip(cues, maps, strict=True)
        if cue.features is not None
    ]


def check_winner(winner: str) -> None:
    """Raise `ValueError` if MODEL.PURIFIED.WINNER is unknown."""
    if winner not in ("crop", "score"):
        raise ValueError(f'MODEL.PURIFIED.WINNER="{winner}" is unknown; use crop or score.')


def elect_by_score(maps: Tensor) -> ClassifyBoxes:
    """
    A winner for each box in place of Eq. (8): the candidate with the highest mean in the box.

    Args:
        maps: scores of the words in each window, (N, K, h, w).
    """

    def classify(window: Tensor, boxes: Tensor, candidates: Tensor) -> Tensor:
        index = window.new_tensor(range(len(boxes))).to(boxes.device)
        grid = (maps.shape[2], maps.shape[3])
        inside = boxes_to_mask(RegionBoxes(index, boxes), len(boxes), grid).to(maps)
        own = maps[window.to(maps.device)]
        means = (own * inside[:, None]).sum(dim=(2, 3)) / inside.sum(dim=(1, 2))[:, None]
        return means.masked_fill(~candidates.to(maps.device), -1.0).argmax(dim=1)

    return classify

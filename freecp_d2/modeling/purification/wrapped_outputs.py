"""
The class scores of a wrapped model, checked image by image, and what it may tell besides.

Shapes: C channels, H, W pixels, D channels of features, h x w cells.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..resampling import resample
from .class_scores import ScoreChannels, as_probabilities, check_kind

logger = logging.getLogger(__name__)


class WrappedScores:
    """Runs a model and reads its "sem_seg" as scores that are not negative."""

    def __init__(self, kind: str, temperature: float, channels: ScoreChannels):
        """
        Args:
            kind, temperature: what "sem_seg" is, see `class_scores.as_probabilities`.
            channels: the words that the channels stand for.

        Raises:
            ValueError: see `check_kind`.
        """
        check_kind(kind, temperature)
        self.kind, self.temperature, self.channels = kind, temperature, channels
        self._is_kind_checked = kind != "logits"

    def __call__(
        self, model: nn.Module, batched_inputs: Sequence[Mapping[str, Any]], device: torch.device
    ) -> tuple[list[dict[str, Any]], list[Tensor]]:
        """
        The model's outputs, and its scores, float32, each (C, H, W) on the device.

        Raises:
            ValueError: the model is in training, or its outputs are no list of as many dicts with
                scores that fit the words and their kind; names the image.
        """
        name = type(model).__name__
        if model.training:
            raise ValueError(f"{name} is in training mode; call .eval() on the whole model.")
        outputs = model(batched_inputs)
        scores = read_scores(outputs, len(batched_inputs), name)
        if scores:
            self._check_kind(scores[0], name)
        found = []
        for i, (own, item) in enumerate(zip(scores, batched_inputs, strict=True)):
            try:
                self.channels.words(len(own))
                if self.kind == "probabilities" and getattr(model, "checks_scores", False):
                    found.append(own.to(device).float())  # without another wait for the device
                    continue
                found.append(as_probabilities(own.to(device), self.kind, self.temperature))
            except ValueError as error:
                image = f"Input {i} ({item.get('file_name', 'without a file name')})"
                raise ValueError(
                    f'{image}: "sem_seg" of {name}, MODEL.PURIFIED.SCORES {self.kind}: {error}'
                ) from error
        return outputs, found

    def _check_kind(self, scores: Tensor, model: str) -> None:
        """Warn of logits that may be probabilities, by the first image alone."""
        if self._is_kind_checked:
            return
        self._is_kind_checked = True
        low, high = float(scores.amin()), float(scores.amax())
        if low >= 0:
            logger.warning(
                "MODEL.PURIFIED.SCORES is logits, but no score of %s is negative: they go from "
                "%.3g to %.3g. If they are probabilities, set it to probabilities, because their "
                "softmax is almost uniform.",
                *(model, low, high),
            )


def read_scores(outputs: Any, num_images: int, model: str) -> list[Tensor]:
    """
    The class scores in the outputs of a wrapped model; `model` is its name, for messages.

    Raises ValueError if the outputs are no list of as many dicts with scores (C, H, W).
    """
    if not isinstance(outputs, Sequence):
        raise ValueError(
            f"{model} returned {type(outputs).__name__}, expected a list of dicts, one an image: "
            '[{"sem_seg": scores}, ...]. A model in training returns losses: call .eval().'
        )
    if len(outputs) != num_images:
        raise ValueError(
            f"{model} returned {len(outputs)} outputs for {num_images} images; if it takes one "
            "image at a time, give it one: TEST.IMAGES_PER_BATCH 1."
        )
    found: list[Tensor] = []
    for output in outputs:
        in_dict = isinstance(output, Mapping)
        scores: Any = output.get("sem_seg") if in_dict else output
        is_tensor = in_dict and isinstance(scores, Tensor)
        if not is_tensor or scores.ndim != 3 or 0 in scores.shape:
            what = tuple(scores.shape) if is_tensor else type(scores).__name__
            raise ValueError(
                f'"sem_seg" of {model} is {what}, expected a tensor of class scores of shape '
                "(C, H, W) in a dict; a label map is not enough."
            )
        found.append(scores)
    return found


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

"""
Other models' class scores: their channels, and the maps that purification reads.

Shapes: C channels, K classes, D embedding, H x W pixels, h x w patches; ... any leading dimensions.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...d2 import CfgNode, MetadataCatalog
from ...text import Vocabulary
from ...utils.device import to_host
from ..outputs import check_background, has_background
from ..text_head import vocabulary_from_config

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScoreChannels:
    """Which channels are words, and which is the background."""

    names: tuple[str, ...] = ()
    """Of the words, in order, without the background; empty if they have no names."""
    background: int = -1
    """The channel that is not a word and is never purified; -1 if there is none."""

    def words(self, num_channels: int) -> list[int]:
        """Indices of the words; ValueError if names or background do not fit the channels."""
        expected = len(self.names) + (self.background >= 0)
        if self.names and num_channels != expected:
            background = " and the background" if self.background >= 0 else ""
            raise ValueError(
                f"The wrapped model gives {num_channels} channels, but there are {len(self.names)} "
                f"words{background}; set MODEL.TEXT.VOCABULARY to the model's own classes, in its "
                "order. A channel that is no word is named by MODEL.PURIFIED.BACKGROUND_CHANNEL, "
                "or, if it is channel 0, by a line `background: ...` of the vocabulary."
            )
        if not -1 <= self.background < num_channels:
            raise ValueError(
                f"MODEL.PURIFIED.BACKGROUND_CHANNEL is {self.background}, but the wrapped model "
                f"gives channels 0 to {num_channels - 1}; use -1 for none."
            )
        return [k for k in range(num_channels) if k != self.background]

    def word_names(self, num_channels: int) -> tuple[str, ...]:
        """A name for each of `words`: "channel 7" where there are no names."""
        return self.names or tuple(f"channel {k}" for k in self.words(num_channels))


def read_channels(cfg: CfgNode, vocabulary: Vocabulary | None = None) -> ScoreChannels:
    """
    The words of MODEL.TEXT.VOCABULARY or of the datasets, as channels of the wrapped model.

    Without a CLIP, words are not needed: if none are named, channels have numbers. Raises
    `ValueError` if MODEL.PURIFIED.BACKGROUND_CHANNEL contradicts the vocabulary.
    """
    channel = cfg.MODEL.PURIFIED.BACKGROUND_CHANNEL
    named = (
        vocabulary
        or cfg.MODEL.TEXT.VOCABULARY
        or any(MetadataCatalog.get(name).get("vocabulary") for name in cfg.DATASETS.TEST)
    )
    if not named and not cfg.MODEL.PURIFIED.CLIP:
        return ScoreChannels(background=channel)
    check_background(cfg.MODEL.TEXT.BACKGROUND)
    vocabulary = vocabulary or vocabulary_from_config(cfg)
    if not has_background(vocabulary, cfg.MODEL.TEXT.BACKGROUND):
        return ScoreChannels(vocabulary.class_names, channel)
    if channel not in (-1, 0):
        raise ValueError(
            f"MODEL.PURIFIED.BACKGROUND_CHANNEL is {channel}, but the vocabulary {vocabulary.name} "
            "has a background, which is channel 0; leave the key at -1, or set "
            "MODEL.TEXT.BACKGROUND to distractor."
        )
    return ScoreChannels(vocabulary.class_names, background=0)


class WrappedScores:
    """Runs a model and reads its "sem_seg" as scores that are not negative."""

    def __init__(self, kind: str, temperature: float):
        """What "sem_seg" is, see `as_probabilities`; raises as `check_kind`."""
        check_kind(kind, temperature)
        self.kind, self.temperature = kind, temperature
        self._is_kind_checked = kind != "logits"

    def __call__(
        self,
        model: nn.Module,
        batched_inputs: Sequence[Mapping[str, Any]],
        channels: ScoreChannels,
        device: torch.device,
    ) -> tuple[list[dict[str, Any]], list[Tensor]]:
        """
        The model's outputs, and its scores, float32, each (C, H, W) on the device.

        Raises:
            ValueError: the model is in training, or its outputs are no list of as many dicts with
                scores that fit the channels and their kind; names the image.
        """
        name = type(model).__name__
        if model.training:
            raise ValueError(f"{name} is in training mode; call .eval() on the whole model.")
        outputs = model(batched_inputs)
        found = []
        for i, own in enumerate(_read_scores(outputs, len(batched_inputs), name)):
            self._check_kind(own, name)
            try:
                channels.words(len(own))
                _check_cues(outputs[i], len(own))
                if self.kind == "probabilities" and getattr(model, "checks_scores", False):
                    found.append(own.to(device).float())  # without another wait for the device
                    continue
                found.append(as_probabilities(own.to(device), self.kind, self.temperature))
            except ValueError as error:
                file_name = batched_inputs[i].get("file_name", "without a file name")
                raise ValueError(
                    f"Input {i} ({file_name}): outputs of {name}, MODEL.PURIFIED.SCORES "
                    f"{self.kind}: {error}"
                ) from error
        return outputs, found

    def _check_kind(self, scores: Tensor, model: str) -> None:
        """Warn of logits that may be probabilities, by the first image alone."""
        if self._is_kind_checked:
            return
        self._is_kind_checked = True
        if (low := float(scores.amin())) >= 0:
            logger.warning(
                "MODEL.PURIFIED.SCORES is logits, but no score of %s is negative: they go from "
                "%.3g to %.3g. If they are probabilities, set it to probabilities, because their "
                "softmax is almost uniform.",
                *(model, low, float(scores.amax())),
            )


def _read_scores(outputs: Any, num_images: int, model: str) -> list[Tensor]:
    """The "sem_seg" (C, H, W) of each output of a wrapped model; `model` is its name."""
    if not isinstance(outputs, Sequence) or len(outputs) != num_images:
        number = f" of {len(outputs)}" if isinstance(outputs, Sequence) else ""
        raise ValueError(
            f"{model} returned {type(outputs).__name__}{number}, expected a list of dicts, "
            f'[{{"sem_seg": scores}}, ...], one for each of {num_images} images; if it takes one '
            "image at a time, set TEST.IMAGES_PER_BATCH 1."
        )
    found: list[Tensor] = []
    for output in outputs:
        scores: Any = output.get("sem_seg") if isinstance(output, Mapping) else None
        shape = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        if not isinstance(scores, Tensor) or scores.ndim != 3 or 0 in scores.shape:
            raise ValueError(
                f'"sem_seg" of {model} is {shape}, expected a tensor of class scores of shape '
                "(C, H, W) in a dict; a label map is not enough."
            )
        found.append(scores)
    return found


def _check_cues(output: Mapping[str, Any], num_channels: int) -> None:
    """`ValueError` for an optional output of another shape; see `GridPurification.decide`."""
    presence, features = output.get("presence"), output.get("features")
    if presence is not None and presence.shape != (num_channels,):
        raise ValueError(
            f'"presence" has shape {tuple(presence.shape)}, expected one number for each of the '
            f"{num_channels} channels."
        )
    if features is not None and features.ndim != 3:
        raise ValueError(f'"features" have shape {tuple(features.shape)}, expected (D, h, w).')


def as_probabilities(scores: Tensor, kind: str, temperature: float = 1.0) -> Tensor:
    """
    Class scores (..., K, H, W) as non-negative float32 numbers of the same shape.

    Args:
        kind: "logits" (softmax over the K classes) or "probabilities" (left as they are: a
            softmax's, sigmoids that sum to anything, MaskFormer's sums over masks).
        temperature: logits are divided by it first.

    Raises:
        ValueError: see `check_kind`; scores that are no floating point numbers, not finite (minus
            infinity is a logit, if not all of a pixel are), or negative as probabilities.
    """
    check_kind(kind, temperature)
    if not scores.is_floating_point():
        raise ValueError(
            f"Scores are {scores.dtype}, expected floating point: one map a class, no label map."
        )
    scores = scores.float()
    if kind == "logits":
        # A logit of minus infinity is a class that the model rules out.
        if not scores.amax(dim=-3).isfinite().all():
            raise ValueError(
                "Logits have NaN or infinity, or are minus infinity in all classes of a pixel."
            )
        return (scores / temperature).softmax(dim=-3)
    is_finite, lowest = to_host(scores.isfinite().all(), scores.amin())
    if not is_finite:
        raise ValueError("Scores have NaN or infinity; expected finite numbers.")
    if lowest < 0:
        raise ValueError(
            f"Scores go down to {float(lowest):.3g}, which is no probability; use logits."
        )
    return scores


def check_kind(kind: str, temperature: float = 1.0) -> None:
    """Raise ValueError for an unknown kind; a temperature <= 0, or not 1 with probabilities."""
    if kind not in ("logits", "probabilities"):
        raise ValueError(f'The kind of the scores is "{kind}"; use logits or probabilities.')
    if not temperature > 0 or (kind == "probabilities" and temperature != 1):
        raise ValueError(
            f"The temperature of {kind} is {temperature}; of logits, use more than 0, of "
            "probabilities, which have no softmax, use 1.0."
        )


def as_maps(probabilities: Tensor) -> Tensor:
    """
    M of Eq. (1), (..., K, h, w) in [0, 1]: scores that sum to at most one over the classes.

    Smaller sums stay, so that a pixel without high scores is not amplified.
    """
    return probabilities / probabilities.sum(dim=-3, keepdim=True).clamp(min=1)

"""
Other models' class scores: their channels, and the maps that purification reads.

Shapes: C channels, K classes, H x W pixels, h x w patches; ... any leading dimensions.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ...d2 import CfgNode, MetadataCatalog
from ...text import Vocabulary
from ...utils.device import to_host
from ..background import check_background, has_background
from ..text_head import vocabulary_from_config
from ..windows import Window


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
            advice = "set MODEL.TEXT.VOCABULARY to the model's own classes, in its order"
            if num_channels == expected + 1 and not background:
                advice += (
                    "; or, if a channel is none of these words, name it in "
                    "MODEL.PURIFIED.BACKGROUND_CHANNEL, or, if it is channel 0, write a line "
                    "`background: ...` into the vocabulary"
                )
            raise ValueError(
                f"The wrapped model gives {num_channels} channels, but there are {len(self.names)} "
                f"words{background}; {advice}."
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
            f"Scores are {scores.dtype}, expected floating point, one map a class; a label map has "
            "no scores to purify."
        )
    scores = scores.float()
    if kind == "logits":
        # A logit of minus infinity is a class that the model rules out.
        if not scores.amax(dim=-3).isfinite().all():
            raise ValueError(
                "Logits have NaN or infinity, or are minus infinity in all classes of a pixel; "
                "expected finite numbers."
            )
        return (scores / temperature).softmax(dim=-3)
    if not scores.numel():
        return scores
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
    if not temperature > 0:
        raise ValueError(f"The temperature of the softmax is {temperature}; use more than 0.")
    if kind == "probabilities" and temperature != 1:
        raise ValueError(
            f"A temperature of {temperature} divides logits, but the scores are probabilities; "
            "use 1.0."
        )


def as_maps(probabilities: Tensor) -> Tensor:
    """
    M of Eq. (1), (..., K, h, w) in [0, 1]: scores that sum to at most one over the classes.

    Smaller sums stay, so that a pixel without high scores is not amplified.
    """
    return probabilities / probabilities.sum(dim=-3, keepdim=True).clamp(min=1)


def pool_to_grid(maps: Tensor, grid: tuple[int, int]) -> Tensor:
    """The mean over the pixels of each patch: (K, H, W) -> (K, *grid)."""
    return F.adaptive_avg_pool2d(maps[None], grid)[0]


def cut_maps(maps: list[Tensor], windows: list[Window], patch: int) -> Tensor:
    """The patches of windows of one size, (N, C, h, w), out of the maps of their images."""
    found = [
        maps[i][:, y0 // patch : y1 // patch, x0 // patch : x1 // patch]
        for i, y0, x0, y1, x1 in windows
    ]
    return torch.stack(found)

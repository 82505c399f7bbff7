"""
Other models' class scores: their channels, and the maps that purification reads.

Shape shorthand in this module: K classes, H x W pixels, h x w patches; ... any leading dimensions.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from ...d2 import CfgNode, MetadataCatalog
from ...text import Vocabulary
from ..text_head import TextHead, vocabulary_from_config

SCORE_KINDS = ("logits", "probabilities")


@dataclass(frozen=True)
class ScoreChannels:
    """
    Which channels are words, and which is the background.

    Attributes:
        names: of the words, in order, without the background; empty if they have no names.
        background: the channel that is not a word and is never purified; -1 if there is none.
    """

    names: tuple[str, ...] = ()
    background: int = -1

    def words(self, num_channels: int) -> list[int]:
        """Indices of the words; ValueError if names or background do not fit the channels."""
        expected = len(self.names) + (self.background >= 0)
        if self.names and num_channels != expected:
            background = " and the background" if self.background >= 0 else ""
            raise ValueError(
                f"The wrapped model gives {num_channels} channels, but there are {len(self.names)} "
                f"words{background}; set MODEL.TEXT.VOCABULARY to the model's own classes, in its "
                "order (a line `background: ...` says that channel 0 is none of them)."
            )
        if not -1 <= self.background < num_channels:
            raise ValueError(
                f"MODEL.PURIFIED.BACKGROUND_CHANNEL is {self.background}, but the wrapped model "
                f"gives channels 0 to {num_channels - 1}; use -1 for none."
            )
        return [k for k in range(num_channels) if k != self.background]

    def word_names(self, num_channels: int) -> tuple[str, ...]:
        """A name for each of `words`: "channel 7" where there are no names."""
        words = self.words(num_channels)
        return self.names or tuple(f"channel {k}" for k in words)


def read_channels(cfg: CfgNode, vocabulary: Vocabulary | None = None) -> ScoreChannels:
    """
    The words of MODEL.TEXT.VOCABULARY or of the datasets, as channels of the wrapped model.

    Without a CLIP, words are not needed: if none are named, channels have numbers.

    Raises:
        ValueError: MODEL.PURIFIED.BACKGROUND_CHANNEL contradicts the vocabulary; see
            `vocabulary_from_config`.
    """
    channel = cfg.MODEL.PURIFIED.BACKGROUND_CHANNEL
    named = cfg.MODEL.TEXT.VOCABULARY or any(
        MetadataCatalog.get(name).get("vocabulary") for name in cfg.DATASETS.TEST
    )
    if not named and not cfg.MODEL.PURIFIED.CLIP:
        return ScoreChannels(background=channel)
    words = TextHead(
        vocabulary=vocabulary or vocabulary_from_config(cfg),
        logit_scale=1.0,
        background=cfg.MODEL.TEXT.BACKGROUND,
    )
    if words.has_background and channel not in (-1, 0):
        raise ValueError(
            f"MODEL.PURIFIED.BACKGROUND_CHANNEL is {channel}, but the vocabulary "
            f"{words.vocabulary.name} has a background, which is channel 0; leave the key at -1, "
            "or set MODEL.TEXT.BACKGROUND to distractor."
        )
    return ScoreChannels(words.vocabulary.class_names, 0 if words.has_background else channel)


def as_probabilities(scores: Tensor, kind: str, temperature: float = 1.0) -> Tensor:
    """
    Scores of classes as numbers from 0, which means "not here".

    Args:
        scores: shape (..., K, H, W).
        kind: "logits" (softmax over the K classes) or "probabilities" (left as they are: a
            softmax's, sigmoids that sum to anything, MaskFormer's sums over masks).
        temperature: logits are divided by it first.

    Returns:
        Tensor: float32, not negative, shape (..., K, H, W).

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
    if not scores.isfinite().all():
        raise ValueError("Scores have NaN or infinity; expected finite numbers.")
    if scores.numel() and scores.amin() < 0:
        raise ValueError(
            f"Scores go down to {float(scores.amin()):.3g}, which is no probability; use logits."
        )
    return scores


def check_kind(kind: str, temperature: float = 1.0) -> None:
    """Raise ValueError for an unknown kind; a temperature <= 0, or not 1 with probabilities."""
    if kind not in SCORE_KINDS:
        raise ValueError(f'The kind of the scores is "{kind}"; use one of {SCORE_KINDS}.')
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

    Larger sums (sigmoids, MaskFormer) are divided out; smaller sums stay, so that a pixel without
    high scores is not amplified.
    """
    return probabilities / probabilities.sum(dim=-3, keepdim=True).clamp(min=1)


def pool_to_grid(maps: Tensor, grid: tuple[int, int]) -> Tensor:
    """The mean over the pixels of each patch: (K, H, W) -> (K, *grid)."""
    return F.adaptive_avg_pool2d(maps[None], grid)[0]

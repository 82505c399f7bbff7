"""Which channels of another model's class scores are words, and which is the background."""

from dataclasses import dataclass

from ...d2 import CfgNode, MetadataCatalog
from ...text import Vocabulary
from ..text_head import TextHead, vocabulary_from_config


@dataclass(frozen=True)
class ScoreChannels:
    """
    Attributes:
        names: of the words, in order, without the background; empty if they have no names.
        background: the channel that is not a word and is never purified; -1 if there is none.
    """

    names: tuple[str, ...] = ()
    background: int = -1

    def words(self, num_channels: int) -> list[int]:
        """
        The indices of the channels that are words.

        Raises:
            ValueError: the names do not fit `num_channels`; the background is not a channel.
        """
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

    Args:
        cfg: the config.
        vocabulary: the words if they are loaded already.

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

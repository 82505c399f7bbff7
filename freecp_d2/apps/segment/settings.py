"""What the results of a run depend on, and how another run knows that they are still right."""

import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...checkpoint.embedded import EMBEDDED_NAME
from ...d2 import CfgNode
from ...engine.records import config_digest
from ...text import Vocabulary

__all__ = ["FORMAT", "Settings"]

FORMAT = 2
"""Of the files that are written; counted up when they change, so that old ones are made anew."""


@dataclass(frozen=True)
class Settings:
    """
    Attributes:
        config_file: as it was named.
        opts: overrides, keys and values in turn.
        cfg: what they make together.
        vocabulary: the words.
        output: the folder of the results.
        scores: write the scores, too.
        overlay_side: longest side of the image in an overlay, in pixels.
        max_megapixels: larger images are refused.

    Raises:
        ValueError: a number out of its range.
    """

    config_file: str
    opts: Sequence[str]
    cfg: CfgNode
    vocabulary: Vocabulary
    output: Path
    scores: bool = False
    overlay_side: int = 2048
    max_megapixels: float = 200.0

    def __post_init__(self) -> None:
        if not 64 <= self.overlay_side <= 16384:
            raise ValueError(f"--overlay-side is {self.overlay_side}; expected 64 to 16384 pixels.")
        if not 0 < self.max_megapixels <= 2000:
            raise ValueError(
                f"--max-megapixels is {self.max_megapixels:g}; expected more than 0, up to 2000."
            )

    @property
    def caveat(self) -> str:
        """What to know of the weights before a label is believed; "" where that is nothing."""
        if self.cfg.MODEL.CLIP.PRETRAINED != EMBEDDED_NAME:
            return ""
        return "The weights that ship with this package know drawn pages, not photographs."

    def no_word_left(self, number: int) -> str:
        """
        What to say where purification removed all that there was; "" where it did not.

        Args:
            number: of the images and videos without a word.
        """
        if not number:
            return ""
        return (
            f"No word is left in {number:,} image{'s' * (number != 1)}; lower "
            "MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH or set REDUNDANCY.MODE to auto."
        )

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all that decides what is in the files of an image."""
        content = {
            "format": FORMAT,
            "version": importlib.metadata.version("freecp_d2"),
            "config": config_digest(self.cfg),
            "vocabulary": self.vocabulary.digest,
            "scores": self.scores,
            "overlay_side": self.overlay_side,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

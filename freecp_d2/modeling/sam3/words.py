"""The words of a vocabulary for SAM 3, and the classes that they stand for."""

from typing import Any

from torch import Tensor, nn

from ...text import Vocabulary
from ..background import OutputClasses, check_background
from .sam3 import SAM3, WordFeatures


class SAM3TextHead(OutputClasses, nn.Module):
    """
    Holds the features of the words that are decoded; `map_of_words` are their classes.

    Words have no softmax that background words could join, so that these are decoded only if they
    are a class with a map of its own (MODEL.TEXT.BACKGROUND words).
    """

    tokens: Tensor
    mask: Tensor

    def __init__(
        self,
        sam3: SAM3,
        vocabulary: Vocabulary,
        *,
        background: str = "class",
        background_thresh: float = 0.0,
        min_area: float = 0.0,
    ):
        """See `TextHead`; raises `ValueError` as `check_background`."""
        super().__init__()
        check_background(background, background_thresh, min_area)
        self.background, self.background_thresh = background, background_thresh
        self.min_area = min_area
        self.set_vocabulary(vocabulary, sam3)

    def set_vocabulary(self, vocabulary: Vocabulary, sam3: SAM3, *, on_disk: bool = True) -> None:
        """Change the words and encode them; `on_disk`: use the cache on disk."""
        before: Any = vars(self).get("vocabulary")
        self.vocabulary = vocabulary
        try:
            words = vocabulary.words[-len(self.map_of_words()) :]
            features = sam3.encode_words(words, on_disk=on_disk)
        except Exception:
            self.vocabulary = before
            raise
        for name, value in features._asdict().items():
            self.register_buffer(name, value, persistent=False)

    def batch(self, start: int, size: int) -> tuple[WordFeatures, tuple[int, ...]]:
        """The features of `size` words from `start` on, and the map of each."""
        part = slice(start, start + size)
        return WordFeatures(self.tokens[part], self.mask[part]), self.map_of_words()[part]

"""SAM 3 of `transformers` as a host of many words: loading, words, and the maps of the words."""

from .loading import load_sam3
from .sam3 import SAM3, WordMaps
from .words import SAM3TextHead

__all__ = ["SAM3", "SAM3TextHead", "WordMaps", "load_sam3"]

"""
Miniatures of the eight benchmarks: the real folders, file names and encodings, and known answers.

What is right is written down here a second time, from what the datasets' authors and converters
document, and imports nothing of freecp_d2.
"""

from .encodings import IGNORED
from .layouts import LAYOUTS, NUM_CLASSES, Labels, Layout
from .make import MAX_IMAGES, Miniature, make_miniature

__all__ = [
    "IGNORED",
    "LAYOUTS",
    "MAX_IMAGES",
    "NUM_CLASSES",
    "Labels",
    "Layout",
    "Miniature",
    "make_miniature",
]

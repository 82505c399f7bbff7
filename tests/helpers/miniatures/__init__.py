"""
Miniatures of the eight benchmarks: the real folders, file names and encodings, and known answers.

They follow the documents of the datasets' authors and converters, and import nothing of freecp_d2.
"""

from .layouts import LAYOUTS, NUM_CLASSES
from .make import MAX_IMAGES, make_miniature

__all__ = ["LAYOUTS", "MAX_IMAGES", "NUM_CLASSES", "make_miniature"]

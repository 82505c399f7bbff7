"""
Pretrained weights: find, download, check and read them.

It imports nothing that needs torch, for `freecp weights`: see `reading` and `fitting`.
"""

from .catalogue import WeightsEntry, load_catalogue
from .finding import find_weights, weights_dir

__all__ = ["WeightsEntry", "find_weights", "load_catalogue", "weights_dir"]

"""Weights: `python -m freecp_d2.weights list|fetch|verify|where`; alias of `checkpoint`."""

import sys

from .checkpoint import WeightsEntry, find_weights, load_catalogue, weights_dir
from .checkpoint.reading import read_state_dict

__all__ = ["WeightsEntry", "find_weights", "load_catalogue", "read_state_dict", "weights_dir"]

if __name__ == "__main__":
    from freecp import call

    from .apps.weights import main

    sys.argv[0] = "python -m freecp_d2.weights"  # the program's name in its messages
    call(main)

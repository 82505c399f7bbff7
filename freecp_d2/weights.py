"""Weights on the command line: `python -m freecp_d2.weights list|fetch|verify|where`."""

import sys

from .apps.weights import main

if __name__ == "__main__":
    sys.exit(main())

"""Words on the command line: `python -m freecp_d2.words check|show|missing|stats`."""

import sys

from freecp import call

from .apps.words.command import main

if __name__ == "__main__":
    sys.argv[0] = "python -m freecp_d2.words"  # the program's name in its messages
    call(main)

"""Words on the command line: `python -m freecp_d2.words check|show|missing|stats`."""

import sys

from .apps.words.command import main

if __name__ == "__main__":
    sys.exit(main())

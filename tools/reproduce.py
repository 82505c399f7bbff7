#!/usr/bin/env python
"""
Run the paper's tables and print them beside its numbers.

    python tools/reproduce.py --table 2 --num-gpus 8
"""

import sys

from freecp_d2.apps.reproduce.command import main

if __name__ == "__main__":
    sys.exit(main())

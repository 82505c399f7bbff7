#!/usr/bin/env python
"""
Reproduce a table of the paper and print it beside the paper's numbers.

    python tools/reproduce.py --table 2 --num-gpus 8
"""

import sys

from freecp_d2.apps.reproduce.command import main

if __name__ == "__main__":
    sys.exit(main())

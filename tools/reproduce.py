#!/usr/bin/env python
"""
Reproduce a table of the paper and print it beside the paper's numbers.

    python tools/reproduce.py --table 2 --num-gpus 8
"""

import sys

from freecp_d2.apps.reproduce.command import main
from freecp_d2.utils.allocator import keep_freed_memory

if __name__ == "__main__":
    keep_freed_memory()
    sys.exit(main())

#!/usr/bin/env python
"""
Convert the annotations of a benchmark; `--help` says what is read and written.

    python datasets/prepare_ade20k.py
"""

import sys

from freecp_d2.apps.data.prepare_ade20k import main

if __name__ == "__main__":
    sys.exit(main())

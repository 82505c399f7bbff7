#!/usr/bin/env python
"""
Convert the annotations of a benchmark; `--help` says what is read and written.

    python datasets/prepare_pascal_context.py
"""

import sys

from freecp_d2.apps.data.prepare_pascal_context import main

if __name__ == "__main__":
    sys.exit(main())

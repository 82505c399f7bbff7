#!/usr/bin/env python
"""
Convert the annotations of a benchmark; `--help` says what is read and written.

    python datasets/prepare_coco_stuff.py
"""

import sys

from freecp_d2.apps.data.prepare_coco_stuff import main

if __name__ == "__main__":
    sys.exit(main())

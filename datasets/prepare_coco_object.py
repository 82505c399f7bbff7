#!/usr/bin/env python
"""
Convert annotations; `--help` lists what is read and written. The same as `freecp data prepare`.

    python datasets/prepare_coco_object.py
"""

import sys

from freecp_d2.apps.data.command import prepare

if __name__ == "__main__":
    sys.exit(prepare("coco_object"))

#!/usr/bin/env python
"""
Verify the files of the benchmarks. The same as `freecp data verify`.

    python datasets/verify.py voc21 coco_object --report output/datasets.json
"""

import sys

from freecp_d2.apps.data.verify import main

if __name__ == "__main__":
    sys.exit(main())

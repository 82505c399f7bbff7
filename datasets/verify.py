#!/usr/bin/env python
"""
Verify the files of the benchmarks. The same as `freecp data verify`.

    python datasets/verify.py voc21 coco_object --report output/datasets.json
"""

from freecp import run

if __name__ == "__main__":
    run("freecp_d2.apps.data.verify")

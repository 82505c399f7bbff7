#!/usr/bin/env python
"""
Convert annotations; `--help` lists what is read and written. The same as `freecp data prepare`.

    python datasets/prepare_cityscapes.py
"""

from freecp import run

if __name__ == "__main__":
    run("freecp_d2.apps.data.command", "prepare", "cityscapes")

#!/usr/bin/env python
"""
Reproduce a table of the paper and print it beside the paper's numbers.

    python tools/reproduce.py --table 2 --num-gpus 8
"""

from freecp import run

if __name__ == "__main__":
    run("freecp_d2.apps.reproduce.command")

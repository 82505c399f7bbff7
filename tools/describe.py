#!/usr/bin/env python
"""
Write descriptions for the words of a vocabulary that have none, with a language model.

    python tools/describe.py --vocabulary words.txt --output words.json --local
"""

from freecp import run

if __name__ == "__main__":
    run("freecp_d2.apps.describe.command")

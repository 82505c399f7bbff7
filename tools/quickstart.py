#!/usr/bin/env python
"""
FreeCP on the embedded benchmark: tables and a gallery, as `make quickstart`.

    python tools/quickstart.py
"""

from freecp import run

if __name__ == "__main__":
    run("freecp_d2.apps.quickstart")

#!/usr/bin/env python
"""
FreeCP on the embedded benchmark: tables and a gallery, as `make quickstart`.

    python tools/quickstart.py
"""

from freecp_d2.apps.quickstart.command import main

if __name__ == "__main__":
    main()

#!/usr/bin/env python
"""
FreeCP on the embedded benchmark: tables and a gallery, as `make quickstart`.

    python tools/quickstart.py
"""

from freecp_d2.apps.quickstart.command import main
from freecp_d2.utils.allocator import keep_freed_memory

if __name__ == "__main__":
    keep_freed_memory()
    main()

#!/usr/bin/env python
"""
A web page that labels your own images with your own words, by a base method and with FreeCP.

    python demo/web.py
"""

from freecp_d2.apps.web.command import main
from freecp_d2.utils.allocator import keep_freed_memory

if __name__ == "__main__":
    keep_freed_memory()
    main()

#!/usr/bin/env python
"""
A web page for images and words of your own: a base method beside FreeCP, and why.

    python demo/web.py
"""

from freecp_d2.apps.web.command import main

if __name__ == "__main__":
    main()

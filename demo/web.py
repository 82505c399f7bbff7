#!/usr/bin/env python
"""
A web page that labels your own images with your own words, by a base method and with FreeCP.

    python demo/web.py
"""

from freecp import run

if __name__ == "__main__":
    run("freecp_d2.apps.web.command")

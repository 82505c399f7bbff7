#!/usr/bin/env python
"""
Label images and videos with your own words.

    python demo/demo.py --input photo.jpg --vocabulary "cat; dog, puppy; sofa"
    python demo/demo.py --input photos "more/*.jpg" --output results --report
    python demo/demo.py --config demo/storybook.yaml --input demo/page.png
"""

from freecp import run

if __name__ == "__main__":
    run("freecp_d2.apps.segment.command")

#!/usr/bin/env python
"""
Label images and videos with your own words.

    python demo/demo.py --input photo.jpg --vocabulary "cat; dog, puppy; sofa"
    python demo/demo.py --input photos "more/*.jpg" --output results --report
    python demo/demo.py --config-file demo/storybook.yaml --input demo/page.png
"""

import sys

from freecp_d2.apps.segment.command import main
from freecp_d2.utils.allocator import keep_freed_memory

if __name__ == "__main__":
    keep_freed_memory()
    sys.exit(main())

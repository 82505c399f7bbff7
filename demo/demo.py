#!/usr/bin/env python
"""
Label images and videos with your own words.

    python demo/demo.py --input photo.jpg --vocabulary "cat; dog, puppy; sofa"
    python demo/demo.py --input photos "more/*.jpg" --output results --report
    python demo/demo.py --config-file demo/storybook.yaml --input demo/page.png
"""

import signal
import sys

if __name__ == "__main__":  # Ctrl-C during the slow imports prints no traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from freecp_d2.apps.segment.command import main

if __name__ == "__main__":
    sys.exit(main())

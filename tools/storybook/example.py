"""
Draw the image of the README: a page of Storybook, its labels by SCLIP alone, and with FreeCP.

    python tools/storybook/example.py --page 107 --output demo/example.jpg

The words are those of the benchmark, 81. Prints the share of pixels that are labelled right.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from freecp_d2 import Predictor
from freecp_d2.data.storybook import draw_scene
from freecp_d2.data.storybook.classes import CLASSES
from freecp_d2.data.storybook.dataset import SPLITS

SIDE, GAP = 480, 16  # pixels of a panel, between panels
METHODS = ("sclip", "sclip_freecp")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().split("\n")[0])
    parser.add_argument("--page", type=int, default=107, metavar="N", help="of the 150; 107")
    parser.add_argument("--output", type=Path, default=Path("demo/example.jpg"), metavar="FILE.jpg")
    args = parser.parse_args(argv)
    scene = draw_scene(SPLITS["val"].first_seed + args.page)
    true = np.array([entry.name for entry in CLASSES])[scene.labels]
    height, width = true.shape
    enlarged = (SIDE, SIDE * height // width)
    panels = [Image.fromarray(scene.image).resize(enlarged, Image.Resampling.BICUBIC)]
    for method in METHODS:
        predictor = Predictor(f"storybook/{method}", "storybook_wide", device="cpu")
        found = predictor(scene.image, channels="RGB")
        right = float((np.array([*found.names, ""])[found.label_map] == true).mean())
        print(f"{method}: {right:.1%} of the pixels are right.")
        panels.append(found.overlay(SIDE))
    sheet = Image.new(
        "RGB", (len(panels) * (SIDE + GAP) - GAP, max(panel.height for panel in panels)), "white"
    )
    for place, panel in enumerate(panels):
        sheet.paste(panel, (place * (SIDE + GAP), 0))
    sheet.save(args.output, quality=90)


if __name__ == "__main__":
    freecp.call(main)

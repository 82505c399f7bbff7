"""A miniature ADE20K with images of different content, in the official folders."""

from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 24, 32
IMAGES = "ADEChallengeData2016/images/validation"
RAW = "ADEChallengeData2016/annotations/validation"
SHIFTED = "ADEChallengeData2016/annotations_detectron2/validation"


class MiniADE:
    """Writes and finds the files of the miniature."""

    def __init__(self, root: Path):
        self.root = root

    def add(self, count: int, folder: str = RAW) -> None:
        """Write images with labels 0..150 in blocks of 4x4 pixels; both ends occur."""
        for name in (IMAGES, folder):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for number in range(1, count + 1):
            rng = np.random.default_rng(number)
            blocks = rng.integers(0, 151, (HEIGHT // 4, WIDTH // 4))
            blocks[0, :2] = (0, 150)
            label = blocks.repeat(4, 0).repeat(4, 1).astype(np.uint8)
            pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(self.image(number))
            if folder == SHIFTED:
                label -= np.uint8(1)  # as Detectron2's converter: 0 becomes 255
            Image.fromarray(label).save(self.root / folder / f"ADE_val_{number:08d}.png")

    def image(self, number: int) -> Path:
        return self.root / IMAGES / f"ADE_val_{number:08d}.jpg"

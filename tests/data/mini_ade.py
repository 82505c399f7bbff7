"""A miniature ADE20K in the official folder layout, made by the test."""

from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 24, 32
IMAGES = "ADEChallengeData2016/images/validation"
RAW = "ADEChallengeData2016/annotations/validation"
SHIFTED = "ADEChallengeData2016/annotations_detectron2/validation"


def make_raw_label(rng: np.random.Generator) -> np.ndarray:
    """Values 0..150 in blocks of 4x4 pixels; both ends occur."""
    blocks = rng.integers(0, 151, (HEIGHT // 4, WIDTH // 4))
    blocks[0, :2] = (0, 150)
    return blocks.repeat(4, 0).repeat(4, 1).astype(np.uint8)


def shift(label: np.ndarray) -> np.ndarray:
    """What Detectron2's converter does: minus one, in uint8, so that 0 becomes 255."""
    return label - np.uint8(1)


class MiniADE:
    """Writes and finds the files of the miniature."""

    def __init__(self, root: Path):
        self.root = root
        self.num_images = 0

    def add(self, count: int = 1, *folders: str) -> None:
        """Add images with labels in `folders` (default: as published)."""
        for _ in range(count):
            self.num_images += 1
            rng = np.random.default_rng(self.num_images)
            raw = make_raw_label(rng)
            pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            self.write(self.image(self.num_images), pixels)
            for folder in folders or (RAW,):
                values = shift(raw) if folder == SHIFTED else raw
                self.write(self.label(self.num_images, folder), values)

    def write(self, path: Path, array: np.ndarray) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path)

    def image(self, number: int) -> Path:
        return self.root / IMAGES / f"ADE_val_{number:08d}.jpg"

    def label(self, number: int, folder: str = RAW) -> Path:
        return self.root / folder / f"ADE_val_{number:08d}.png"

"""An own dataset of small images, as a user would lay it out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HEIGHT, WIDTH = 16, 24


class Mine:
    """A folder with `images/`, `labels/` and `classes.txt`, and the name of its dataset."""

    def __init__(self, root: Path):
        self.root, self.name = root, f"folder:{root}"
        self.write("classes.txt", "sky\nroad\ncar\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def add(self, name: str, values=None, image_suffix=".jpg", **options) -> Path:
        """Add an image and its label; `values` is an array, a Pillow image, or None for 0..2."""
        image = self.root / "images" / f"{name}{image_suffix}"
        label = self.root / "labels" / f"{name}{options.pop('suffix', '.png')}"
        for path in (image, label):
            path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        Image.fromarray(noise).save(image)
        if values is None:
            values = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH) % 3
        picture = values if isinstance(values, Image.Image) else Image.fromarray(values)
        picture.save(label, **options)
        return label


@pytest.fixture
def mine(tmp_path) -> Mine:
    return Mine(tmp_path / "mine")


def stripes(*values: int) -> np.ndarray:
    """A label of vertical stripes."""
    columns = np.array(values, np.uint8).repeat(-(-WIDTH // len(values)))[:WIDTH]
    return np.tile(columns, (HEIGHT, 1))

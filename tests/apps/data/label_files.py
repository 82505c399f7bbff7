"""Writing and reading label files, and listing a folder."""

from pathlib import Path

import numpy as np
from PIL import Image


def write(path: Path, values, dtype=np.uint8) -> Path:
    """An image of `values`: (H, W), or (H, W, 3) for a coloured one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(values, dtype=dtype)).save(path)
    return path


def write_indexed(path: Path, values) -> Path:
    """A label file with a palette."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.array(values, dtype=np.uint8))
    image.putpalette([(7 * i) % 256 for i in range(3 * 256)])
    assert image.mode == "P"
    image.save(path)
    return path


def truncate(path: Path) -> None:
    """Keep the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def read(path: Path) -> list[list[int]]:
    """The values of a label file that a converter wrote: 8-bit grey."""
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "L")
        return np.asarray(image).tolist()


def files(folder: Path) -> list[str]:
    """All files below a folder, hidden ones too."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())

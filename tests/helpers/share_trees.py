"""Tiny label files that have a benchmark's known class shares, and planted faults."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from freecp_d2.data import BENCHMARKS
from freecp_d2.data.benchmark_spec import Benchmark, LabelFolder
from freecp_d2.data.verification.class_shares import CLASS_SHARES, UNLABELLED_SHARES

SIDE = 16
IGNORED = 255


def train_ids(benchmark: Benchmark, num_files: int, seed: int = 0) -> np.ndarray:
    """Train ids with the known shares, which vary by file, (num_files, SIDE, SIDE)."""
    rng = np.random.default_rng(seed)
    shares = np.zeros(benchmark.num_classes + 1)
    for name, share in CLASS_SHARES[benchmark.key].items():
        shares[benchmark.class_names.index(name)] = share
    shares[-1] = UNLABELLED_SHARES[benchmark.key]
    unlisted = np.flatnonzero(shares[:-1] == 0)
    shares[unlisted] = max(100 - shares.sum(), 0) / max(len(unlisted), 1)
    ids = np.append(np.arange(benchmark.num_classes), IGNORED)
    drawn = rng.choice(ids, num_files * SIDE * SIDE // 8, p=shares / shares.sum())
    return drawn.repeat(8).reshape(num_files, SIDE, SIDE)


def encode(folder: LabelFolder, ids: np.ndarray) -> np.ndarray:
    """The values of a folder's files for train ids; the first where there are several."""
    table = np.zeros(256, np.uint16)
    for label, value in reversed(list(folder.encoding.pairs())):
        table[label] = value
    table[IGNORED] = folder.encoding.unlabelled[0] if folder.encoding.unlabelled else table[0]
    return table[ids]


def make_tree(
    root: Path,
    key: str,
    folder: LabelFolder,
    num_files: int = 3,
    change: Callable[[np.ndarray], np.ndarray] = lambda values: values,
) -> Benchmark:
    """
    Write images and labels of a benchmark; `change` maps the values of all label files.

    Returns the row of the table with this number of images.
    """
    benchmark = BENCHMARKS[key]
    values = change(encode(folder, train_ids(benchmark, num_files)))
    names = [f"city/{i:06d}" if key == "cityscapes" else f"{i:06d}" for i in range(num_files)]
    photo = Image.fromarray(np.zeros((SIDE, SIDE, 3), np.uint8))
    for name, label in zip(names, values, strict=True):
        dtype = np.uint8 if label.max() < 256 else np.uint16
        image_of_label = Image.fromarray(label.astype(dtype))
        for path, image in ((benchmark.images[0], photo), (folder, image_of_label)):
            file = root / path.path / f"{name}{path.suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            image.save(file)
    if folder.split_file:
        (root / folder.split_file).parent.mkdir(parents=True, exist_ok=True)
        (root / folder.split_file).write_text("\n".join(names) + "\n")
    return replace(benchmark, num_images=num_files)

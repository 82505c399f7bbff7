"""A dataset of tiny images, and a model whose answers are known, for the tests of the gate."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from freecp_d2.d2 import DatasetCatalog, MetadataCatalog

IGNORE = 255
CLASSES = ["sky", "grass", "cow"]


def write_sample(folder: Path, index: int, label: np.ndarray) -> dict[str, Any]:
    """Write an image of random colours with its label map; returns the record."""
    height, width = label.shape
    rng = np.random.default_rng(index)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    image_file, label_file = folder / f"{index}.png", folder / f"{index}_label.png"
    Image.fromarray(image).save(image_file)
    Image.fromarray(label.astype(np.uint8)).save(label_file)
    return {
        "file_name": str(image_file),
        "sem_seg_file_name": str(label_file),
        "height": height,
        "width": width,
    }


def register(name: str, records: list[dict[str, Any]], **metadata: Any) -> None:
    """Register records under a name, with the metadata an evaluation needs."""
    DatasetCatalog.register(name, lambda: records)
    defaults = {"stuff_classes": CLASSES, "ignore_label": IGNORE, "evaluator_type": "sem_seg"}
    MetadataCatalog.get(name).set(**{**defaults, **metadata})


def unregister(name: str) -> None:
    """Forget a dataset and its metadata."""
    DatasetCatalog.remove(name)
    MetadataCatalog.remove(name)


def scores_of(label: Sequence[Sequence[int]] | np.ndarray, num_classes: int = 3) -> Tensor:
    """Class scores (K, H, W) that are largest at the given label."""
    one_hot = nn.functional.one_hot(torch.as_tensor(np.asarray(label)), num_classes)
    return one_hot.permute(2, 0, 1).float()


class ConstantModel(nn.Module):
    """Says the same class everywhere, and remembers in which mode it was called."""

    def __init__(self, label: int = 0) -> None:
        super().__init__()
        self.label = label
        self.modes: list[tuple[bool, bool]] = []

    def forward(self, inputs: list[dict[str, Any]]) -> list[dict[str, Tensor]]:
        self.modes.append((self.training, torch.is_grad_enabled()))
        sizes = [(x["height"], x["width"]) for x in inputs]
        return [{"sem_seg": scores_of(np.full(size, self.label))} for size in sizes]

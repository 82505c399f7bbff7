"""What a training writes: weights, checkpoints and the curve."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from clip_model import CLIP

WEIGHTS, MERGES = "storybook_clip.safetensors", "merges.txt.gz"


def save_weights(path: Path, model: CLIP) -> None:
    """Write a state dict with OpenAI's keys, fp16."""
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    unfinished = path.with_suffix(".unfinished.safetensors")
    save_file(weights, unfinished)
    unfinished.rename(path)


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write what `torch.load` reads; the file is never half written."""
    unfinished = path.with_suffix(".unfinished.pt")
    torch.save(dict(state), unfinished)
    unfinished.rename(path)


class Curve:
    """
    Prints and writes running means as rows of a CSV file.

    Args:
        path: of the file; a run that starts at step 0 replaces it.
        every: steps between two rows.
    """

    def __init__(self, path: Path, *, every: int) -> None:
        self.path, self.every = path, every
        self.mean: dict[str, float] = {}

    def add(self, step: int, seen: Mapping[str, float], values: Mapping[str, float]) -> None:
        """
        Args:
            step: number of updates so far.
            seen: written as it is, for instance pairs and minutes.
            values: of this step; their running means are written.
        """
        for name, value in values.items():
            self.mean[name] = 0.95 * self.mean.get(name, value) + 0.05 * value
        if step % self.every:
            return
        row = {"step": step, **seen, **self.mean}
        is_first = step == self.every
        with open(self.path, "w" if is_first else "a", newline="") as file:
            writer = csv.writer(file)
            if is_first:
                writer.writerow(row)
            writer.writerow([f"{v:.4g}" if isinstance(v, float) else v for v in row.values()])
        print(*(f"{name} {value:.4g}" for name, value in row.items()), flush=True)

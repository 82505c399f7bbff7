"""Training samples: crops of training scenes and the classes that are visible in them."""

import math
import multiprocessing
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from captions import caption
from freecp_d2.data.storybook import draw_training_scene
from freecp_d2.data.storybook.classes import CLASSES
from freecp_d2.data.storybook.noise import Rng
from freecp_d2.utils.processes import interrupts_blocked

MEAN = np.array((0.48145466, 0.4578275, 0.40821073), dtype=np.float32)
STD = np.array((0.26862954, 0.26130258, 0.27577711), dtype=np.float32)
VISIBLE = 0.03
"""A class with less of a crop is not mentioned."""


def cache_scenes(folder: Path, count: int, processes: int) -> tuple[np.ndarray, np.ndarray]:
    """
    Draw training scenes 0 to `count` - 1, once.

    Returns images (count, 192, 256, 3) and labels (count, 192, 256), uint8, memory-mapped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{kind}_{count}.npy" for kind in ("images", "labels")]
    if not all(file.exists() for file in files):
        with interrupts_blocked():
            pool = multiprocessing.get_context("spawn").Pool(processes)
        with pool:
            scenes = pool.map(draw_training_scene, range(count), chunksize=50)
        for file, kind in zip(files, ("image", "labels"), strict=True):
            unfinished = file.with_suffix(".unfinished.npy")
            np.save(unfinished, np.stack([getattr(scene, kind) for scene in scenes]))
            unfinished.rename(file)
    return np.load(files[0], mmap_mode="r"), np.load(files[1], mmap_mode="r")


class Crops:
    """
    Args:
        images, labels: see `cache_scenes`.
        side: of the crops that come out, in pixels.
        tight: share of crops around one class, as photographs are taken; the rest are views.
        per_scene: crops of one scene in a batch, which must tell it apart from itself.
        sides: shortest and longest side in the scene, of crops around one class and of the rest.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        *,
        side: int,
        tight: float = 0.4,
        per_scene: int = 4,
        sides: tuple[tuple[int, int], tuple[int, int]] = ((40, 120), (88, 192)),
    ):
        self.images, self.labels, self.sides = images, labels, sides
        self.side, self.tight, self.per_scene = side, tight, per_scene

    def batch(self, chance: Rng, size: int) -> tuple[Tensor, list[str], Tensor]:
        """
        Draw a batch: normalised crops (B, 3, side, side), their captions, and the set of classes in
        each as bits of an int64 (B,).
        """
        crops = np.empty((size, self.side, self.side, 3), np.float32)
        captions, sets = [], []
        for i in range(size):
            if i % self.per_scene == 0:
                scene = chance.integer(0, len(self.images) - 1)
            crop, seen = self._crop(chance, self.images[scene], self.labels[scene])
            crops[i] = exposed(chance, crop)
            classes = visible_classes(seen[::3, ::3])
            captions.append(caption(chance, [CLASSES[c] for c in classes]))
            sets.append(as_bits(classes))
        return normalised(crops), captions, torch.tensor(sets)

    def _crop(
        self, chance: Rng, image: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A crop (side, side, 3), and its labels at the resolution of the scene."""
        height, width = labels.shape
        tight = chance.maybe(self.tight)
        low, high = self.sides[0 if tight else 1]
        side = math.exp(chance.uniform(math.log(low), math.log(high)))
        stretch = math.exp(chance.uniform(-0.3, 0.3))
        h, w = min(int(side * stretch), height), min(int(side / stretch), width)
        if tight:
            y, x = self._around(chance, labels, h, w)
        else:
            y, x = chance.integer(0, height - h), chance.integer(0, width - w)
        view, seen = image[y : y + h, x : x + w], labels[y : y + h, x : x + w]
        if chance.maybe(0.5):
            view, seen = np.ascontiguousarray(view[:, ::-1]), seen[:, ::-1]
        shrinks = max(h, w) > self.side
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return cv2.resize(view, (self.side,) * 2, interpolation=interpolation), seen

    def _around(self, chance: Rng, labels: np.ndarray, h: int, w: int) -> tuple[int, int]:
        """Upper left corner of a crop around a pixel of one class, more often a thing."""
        present = np.unique(labels[::4, ::4]).tolist()
        things = [c for c in present if CLASSES[c].is_thing]
        wanted = chance.pick(things if things and chance.maybe(0.75) else present)
        rows, columns = np.nonzero(labels == wanted)
        i = chance.integer(0, len(rows) - 1)
        y = int(rows[i] - h * chance.uniform(0.3, 0.7))
        x = int(columns[i] - w * chance.uniform(0.3, 0.7))
        return min(max(y, 0), labels.shape[0] - h), min(max(x, 0), labels.shape[1] - w)


def exposed(chance: Rng, crop: np.ndarray) -> np.ndarray:
    """A crop, uint8, with another contrast and brightness: float32, about 0 to 1."""
    contrast, brightness = chance.uniform(0.85, 1.15), chance.uniform(-0.08, 0.08)
    return (crop / np.float32(255) - 0.5) * np.float32(contrast) + np.float32(0.5 + brightness)


def normalised(crops: np.ndarray) -> Tensor:
    """(B, S, S, 3), 0 to 1 -> (B, 3, S, S) as the tower expects it."""
    return torch.from_numpy((crops - MEAN) / STD).permute(0, 3, 1, 2)


def visible_classes(labels: np.ndarray, share: float = VISIBLE) -> list[int]:
    """Classes with more than this share of the pixels, largest first, at most six."""
    area = np.bincount(labels.ravel(), minlength=len(CLASSES))
    order = np.argsort(-area, kind="stable")[:6]
    return [int(c) for c in order if area[c] > share * labels.size]


def as_bits(classes: list[int]) -> int:
    """The set of these classes."""
    return sum(1 << c for c in classes)

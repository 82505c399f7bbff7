"""
Approximate shares of the benchmarks' pixels by class, to recognise labels of another encoding.

They are of the whole dataset or of another split, and not exact. Sources: ADE20K
`objectInfo150.txt` of its authors; Cityscapes the class frequencies of its training set that
methods use as weights; VOC and Pascal Context the class balance at Dataset Ninja; COCO the sizes of
its objects there, scaled to 29 % things, 65 % stuff and 6 % unlabelled. Classes that are not listed
share the rest.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..benchmark_spec import Benchmark

_MIN_SHARE = 1e-4  # the logarithm of 0 is infinite

_VOC = {
    "aeroplane": 0.7, "bicycle": 0.3, "bird": 0.8, "boat": 0.6, "bottle": 0.7, "bus": 1.7,
    "car": 1.4, "cat": 2.4, "chair": 1.0, "cow": 1.0, "diningtable": 1.2, "dog": 1.8, "horse": 1.0,
    "motorbike": 1.0, "person": 4.8, "pottedplant": 0.6, "sheep": 0.8, "sofa": 1.4, "train": 1.5,
    "tvmonitor": 0.8,
}  # fmt: skip

_CONTEXT = {
    "sky": 8.6, "person": 8.0, "grass": 6.3, "ground": 6.2, "wall": 6.2, "building": 6.1,
    "tree": 5.8, "cat": 3.3, "floor": 3.0, "dog": 3.0, "water": 2.9, "car": 2.5, "road": 2.4,
    "sofa": 2.1, "chair": 1.6, "table": 1.5, "train": 1.3, "bus": 1.3, "motorbike": 1.2,
    "fence": 1.1, "aeroplane": 1.0, "horse": 1.0,
}  # fmt: skip

_THINGS = {
    "person": 8.9, "dining table": 2.6, "bed": 0.8, "chair": 0.8, "couch": 0.6, "train": 0.6,
    "cat": 0.6, "pizza": 0.6, "bowl": 0.5, "car": 0.5, "bus": 0.5, "truck": 0.5, "motorcycle": 0.5,
    "dog": 0.5, "giraffe": 0.4, "airplane": 0.4, "elephant": 0.4, "bench": 0.4, "horse": 0.4,
}  # fmt: skip

_STUFF = {
    "tree": 5.0, "wall-concrete": 4.9, "sky-other": 4.1, "grass": 3.3, "building-other": 2.8,
    "wall-other": 2.3, "table": 2.1, "pavement": 2.1, "road": 2.0, "metal": 1.9,
    "furniture-other": 1.7, "clothes": 1.7, "clouds": 1.5, "snow": 1.2, "sea": 1.2, "dirt": 1.2,
    "playingfield": 1.1, "window-other": 0.9, "fence": 0.9, "textile-other": 0.9, "wall-tile": 0.8,
    "cabinet": 0.8,
}  # fmt: skip

CLASS_SHARES: dict[str, dict[str, float]] = {
    "voc21": {"background": 69.3, **_VOC},
    "voc20": _VOC,
    "context60": {"background": 10.0, **_CONTEXT},
    "context59": _CONTEXT,
    "coco_object": {"background": 71.0, **_THINGS},
    "coco_stuff": {**_THINGS, **_STUFF},
    "cityscapes": {
        "road": 32.6, "building": 20.2, "vegetation": 14.1, "car": 6.2, "sidewalk": 5.4,
        "sky": 3.6, "pole": 1.1, "person": 1.1, "terrain": 1.0, "fence": 0.8, "wall": 0.6,
        "traffic sign": 0.5, "bicycle": 0.4,
    },
    "ade20k": {
        "wall": 15.8, "building": 10.7, "sky": 8.8, "floor": 6.2, "tree": 4.8, "ceiling": 4.5,
        "road, route": 4.0, "bed": 2.3, "window": 2.0, "grass": 1.8, "cabinet": 1.8,
        "sidewalk, pavement": 1.7, "person": 1.6, "earth, ground": 1.5, "door": 1.2, "table": 1.1,
        "mountain, mount": 1.1, "plant": 1.0, "curtain": 1.0, "chair": 1.0, "car": 1.0,
    },
}  # fmt: skip
"""Percent of all pixels, including unlabelled ones, by benchmark and name of the class."""

UNLABELLED_SHARES = {
    "voc21": 5.5, "voc20": 74.8, "context60": 0.0, "context59": 10.0, "coco_object": 0.0,
    "coco_stuff": 6.0, "cityscapes": 11.5, "ade20k": 8.0,
}  # fmt: skip
"""Percent of all pixels that belong to no scored class."""


@dataclass(frozen=True)
class Expectation:
    """The expected histogram of a benchmark; classes that are not listed are pooled."""

    benchmark: Benchmark

    @cached_property
    def shares(self) -> np.ndarray:
        """Shares of each listed class, other classes, unlabelled and illegal pixels; sum 1."""
        listed = list(CLASS_SHARES.get(self.benchmark.key, {}).values())
        unlabelled = UNLABELLED_SHARES.get(self.benchmark.key, 0.0)
        shares = np.array([*listed, 100 - sum(listed) - unlabelled, unlabelled, 0.0]) / 100
        shares = shares.clip(_MIN_SHARE)
        return shares / shares.sum()

    @cached_property
    def listed(self) -> list[int]:
        """Train ids of the listed classes."""
        names = self.benchmark.class_names
        return [names.index(name) for name in CLASS_SHARES.get(self.benchmark.key, {})]

    def divergence(self, counts: np.ndarray, labelled: bool = False) -> float:
        """
        Kullback-Leibler divergence in nats of a histogram from the expected one; 0 if equal.

        Args:
            counts: pixels of class 0..K-1, unlabelled, illegal, shape (K + 2,).
            labelled: ignore unlabelled pixels, to detect unlabelled pixels that were given a class.
        """
        listed = counts[self.listed]
        pooled = np.array([*listed, counts[:-2].sum() - listed.sum(), *counts[-2:]], float)
        expected = self.shares.copy()
        if labelled:
            pooled[-2] = expected[-2] = 0
        shares, expected = pooled / max(pooled.sum(), 1), expected / expected.sum()
        seen = shares > 0
        return float((shares[seen] * np.log(shares[seen] / expected[seen])).sum())

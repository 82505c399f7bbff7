"""
Compare purification heads on a scripted host: a model whose score maps are known.

    python tools/compare_heads.py
    python tools/compare_heads.py --scenes 100

A scene has four regions (sky, ground, tree, car) and a wheel, which is a part of the car: 42 words
in all. The host gives each word a map, a presence and image features in the manner of
`SAM3Segmentor`:

  present     the truth, times 0.8 to 1.0; the car's map covers the wheel, too.
  second      "automobile", a second name of the car: its map times noise around 0.95, so that each
              of them wins some pixels.
  absent      8 words with maps of smooth blobs and presences of 0.5 to 1.0, the same for both; 28
              more with a presence of 0.05. None is in one of sky, ground and tree, by chance.

Heads have their default thresholds, those of other authors without ambiguity purification. The
columns are percent:

  mIoU        over the five words in the truth
  won         of the pixels that were wrong without purification, those that are right with it
  broken      of the pixels that were right without purification, those that are wrong with it
  absent      of the 8 absent words, those without a pixel
  second      scenes in which one name of the car has 95 % of the pixels that have either
  part        scenes in which wheel and car both have pixels
  unclaimed   of the present words whose region no other word claims, those without a pixel. A word
              claims a region if its map exceeds 0.25 in a tenth of it.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from tabulate import tabulate
from torch import Tensor, nn

from freecp_d2 import PurifiedSegmentor, add_freecp_config
from freecp_d2.d2 import CfgNode, get_cfg

SIDE, STRIDE, CELL = 128, 8, 16
"""Pixels of a scene, of a patch, and between the random numbers of a field."""
PRESENT = ("sky", "ground", "tree", "car", "wheel")
SKY, GROUND, TREE, CAR, WHEEL, SECOND = range(6)
NUM_ABSENT, NUM_FAINT = 8, 28
WORDS = (*PRESENT, "automobile", *(f"absent {k}" for k in range(NUM_ABSENT + NUM_FAINT)))
ABSENT = slice(SECOND + 1, SECOND + 1 + NUM_ABSENT)

_NO_AP = ("AMBIGUITY.ENABLED", False)
HEADS: dict[str, tuple[object, ...]] = {
    "presence above 0.5 (SegEarth-OV3)": ("NAME", "PresenceThreshold", *_NO_AP),
    "20 % by presence (ActiveSAM)": ("NAME", "PresenceShare", *_NO_AP),
    "best score above 0.5 (RADSeg)": ("NAME", "BestProbability", *_NO_AP),
    "RP": _NO_AP,
    "AP": ("REDUNDANCY.ENABLED", False),
    "RP + AP (FreeCP)": (),
    "RP + AP, mean of the image": ("NAME", "ImageClassPurification"),
    "RP + AP, maximum of the image": ("NAME", "ImageClassPurification", "IMAGE.POOLING", "max"),
    "RP + AP, automatic": ("REDUNDANCY.MODE", "auto", "AMBIGUITY.MODE", "auto"),
}
"""Row of the table -> keys below MODEL.PURIFICATION_HEAD."""
COLUMNS = ("mIoU", "won", "broken", "absent", "second", "part", "unclaimed")


class Scene(NamedTuple):
    """Labels (H, W), maps (K, H, W), presence (K,) and features (D, h, w) of K words."""

    labels: Tensor
    maps: Tensor
    presence: Tensor
    features: Tensor


class ScriptedHost(nn.Module):
    """Returns the scene in its input."""

    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Tensor]]:
        scenes = [x["scene"] for x in batched_inputs]
        return [{"sem_seg": s.maps, "presence": s.presence, "features": s.features} for s in scenes]


def draw(seed: int) -> Scene:
    """A scene of random shapes, scores, blobs and features."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    def field() -> Tensor:
        nodes = torch.randn(1, 1, SIDE // CELL + 2, SIDE // CELL + 2, generator=generator)
        return F.interpolate(nodes, (SIDE, SIDE), mode="bicubic", align_corners=False)[0, 0]

    labels = _shapes(uniform)
    truth = F.one_hot(labels, len(PRESENT)).permute(2, 0, 1).float()
    whole = truth.clone()
    whole[CAR] += truth[WHEEL]
    strength = uniform(0.8, 1.0, len(PRESENT))
    strength[WHEEL], strength[CAR] = 0.95, 0.85
    maps = torch.zeros(len(WORDS), SIDE, SIDE)
    maps[: len(PRESENT)] = strength[:, None, None] * whole
    maps[SECOND] = (maps[CAR] * (1 + 0.1 * field())).clamp(0, 1)
    presence = torch.full((len(WORDS),), 0.05)
    presence[: SECOND + 1] = uniform(0.7, 1.0, SECOND + 1)
    presence[ABSENT] = torch.linspace(0.5, 1.0, NUM_ABSENT)
    clear = int(uniform(0, 3, 1))
    for k in range(SECOND + 1, len(WORDS)):
        blobs = (2 * (field() - 0.5)).clamp(0, 1)  # in a third of the pixels
        maps[k] = presence[k] * blobs * (labels != clear)
    means = torch.randn(len(PRESENT), 16, generator=generator)
    means[WHEEL] += means[CAR]
    features = means[labels[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]].permute(2, 0, 1)
    noise = torch.randn(features.shape, generator=generator)
    return Scene(labels, maps, presence, features + 0.3 * noise)


def _shapes(uniform: Any) -> Tensor:
    """Labels (H, W): sky above ground, a tree to the left of a car with a wheel."""
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    horizon, middle, left, top = (int(v) for v in uniform(0, 1, 4) * torch.tensor([24, 16, 8, 12]))
    labels = torch.where(y < 48 + horizon, SKY, GROUND)
    labels[((x - 28 - left) / 18) ** 2 + ((y - 44 - top) / 26) ** 2 < 1] = TREE
    right = 64 + middle
    labels[(x >= right) & (x < right + 44) & (y >= 56 + top) & (y < 92 + top)] = CAR
    labels[(x - right - 20) ** 2 + (y - 76 - top) ** 2 < 11**2] = WHEEL
    return labels


def read_config(*options: object) -> CfgNode:
    """PurifiedSegmentor on scenes, with keys below MODEL.PURIFICATION_HEAD."""
    cfg = get_cfg()
    add_freecp_config(cfg)
    cfg.MODEL.DEVICE, cfg.INPUT.FORMAT, cfg.DATASETS.TEST = "cpu", "RGB", ()
    cfg.MODEL.TEXT.VOCABULARY = "; ".join(WORDS)
    cfg.MODEL.PURIFIED.SCORES, cfg.MODEL.PURIFIED.WINNER = "probabilities", "score"
    cfg.MODEL.PURIFIED.SIZE, cfg.MODEL.PURIFIED.STRIDE = SIDE, STRIDE
    cfg.MODEL.SLIDING_WINDOW.SIZE, cfg.MODEL.SLIDING_WINDOW.STRIDE = 96, 32
    cfg.MODEL.AFFINITY_HEAD.NAME = "FeatureAffinity"
    cfg.MODEL.AFFINITY_HEAD.FEATURES.COSINE_POWER = 4.0
    cfg.MODEL.PURIFICATION_HEAD.REGION.EXCLUDE_LAST = False
    keys = [f"MODEL.PURIFICATION_HEAD.{key}" for key in options[::2]]
    cfg.merge_from_list([x for pair in zip(keys, options[1::2], strict=True) for x in pair])
    return cfg


def purify(scene: Scene, model: PurifiedSegmentor) -> Tensor:
    """Labels (H, W) of the purified maps."""
    image = torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)  # only the host's features are read
    return model([{"image": image, "scene": scene}])[0]["sem_seg"].argmax(dim=0)


def unclaimed(scene: Scene) -> list[int]:
    """The present words whose region no other word claims."""
    found = []
    for k in range(len(PRESENT)):
        inside = scene.maps[:, scene.labels == k]
        claims = (inside > 0.25).float().mean(dim=1) > 0.1
        claims[k] = False
        if not claims.any():
            found.append(k)
    return found


def measure(scenes: Sequence[Scene], results: Sequence[Tensor]) -> list[float]:
    """The `COLUMNS` for the labels of each scene, percent."""
    counts, shares = torch.zeros(3, len(PRESENT)), torch.zeros(6, 2)
    for scene, found in zip(scenes, results, strict=True):
        before, truth = scene.maps.argmax(dim=0), scene.labels
        for k in range(len(PRESENT)):
            is_found, is_true = found == k, truth == k
            both = (is_found & is_true).sum()
            counts[:, k] += torch.stack([both, is_found.sum(), is_true.sum()])
        pixels = torch.bincount(found.flatten(), minlength=len(WORDS))
        left, names = pixels > 0, pixels[[CAR, SECOND]]
        alone, right = unclaimed(scene), before == truth
        shares += torch.tensor(
            [
                [((found == truth) & ~right).sum(), (~right).sum()],
                [((found != truth) & right).sum(), right.sum()],
                [(~left[ABSENT]).sum(), NUM_ABSENT],
                [names.max() > 0.95 * names.sum(), 1],
                [bool(names.sum()) and left[WHEEL], 1],
                [(~left[alone]).sum(), len(alone)],
            ]
        )
    both, found_pixels, true_pixels = counts
    mean = (both / (found_pixels + true_pixels - both)).mean()
    return [100 * float(x) for x in (mean, *(shares[:, 0] / shares[:, 1].clamp(min=1)))]


def table(num_scenes: int, first: int = 0) -> dict[str, list[float]]:
    """Head -> its `COLUMNS`; the first row is without purification."""
    scenes = [draw(first + seed) for seed in range(num_scenes)]
    found = {"none": measure(scenes, [scene.maps.argmax(dim=0) for scene in scenes])}
    for name, options in HEADS.items():
        model = PurifiedSegmentor(read_config(*options), wrapped=ScriptedHost().eval()).eval()
        found[name] = measure(scenes, [purify(scene, model) for scene in scenes])
    return found


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=50)
    args = parser.parse_args(argv)
    rows = [[name, *values] for name, values in table(args.scenes).items()]
    print(tabulate(rows, ["head", *COLUMNS], tablefmt="github", floatfmt=".1f"))


if __name__ == "__main__":
    main()

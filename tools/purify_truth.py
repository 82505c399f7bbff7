"""
Measure PurifiedSegmentor on perfect scores, and on the same scores with words added.

    python tools/purify_truth.py
    python tools/purify_truth.py --images 150 --seeds 3

The wrapped model returns the ground truth of Storybook's pages as one-hot scores. Words that are
not in the page are added to them, of the two kinds of the paper (Sec. 1):

  redundant   an activation without an object: the positive part of a smooth random field with
              blobs of about 24 pixels. It wins where it exceeds 1, the true word's score.
  ambiguous   a copy of a word in the page, times 1 + noise, where noise is such a field: it wins
              where noise is positive, in about half of the true word's pixels. The added word is
              random or, in the last row, the one whose descriptions CLIP finds nearest to the true
              word's.

Strength is the standard deviation of the field; the scores of a pixel are divided by their sum.
The table has the mIoU over the 81 words, of which 36 occur, for two affinity heads, and the share
of the loss that was recovered. The thresholds, one pair for all rows, were chosen on
freecp_storybook_dev; the table is of freecp_storybook_val.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from tabulate import tabulate
from torch import Tensor, nn

from freecp_d2 import PurifiedSegmentor
from freecp_d2.d2 import CfgNode, read_image
from freecp_d2.engine import import_plugins, load_config, select_records
from freecp_d2.evaluation.pixel_counts import count_labels, mean_iou

ROOT = Path(__file__).resolve().parent.parent

CELL = 24
"""Pixels between the random numbers of a field; a page has 192 x 256."""

AFFINITIES = ("CLIPAttentionAffinity", "ColorPositionAffinity")
OPTIONS = """
MODEL.PURIFIED.CLIP CLIPViT MODEL.PURIFIED.SIZE 332 MODEL.PURIFIED.SCORES probabilities
MODEL.AFFINITY_HEAD.SQUARINGS 1 MODEL.SLIDING_WINDOW.STRIDE 96
MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH 0.14 MODEL.PURIFICATION_HEAD.AMBIGUITY.THRESH 0.5
TEST.LABEL_MAP True
"""


class Corruption(NamedTuple):
    """Number and strength of the words of each kind that are added to a page."""

    redundant: int = 0
    redundant_strength: float = 0.0
    ambiguous: int = 0
    ambiguous_strength: float = 0.0
    is_nearest: bool = False


ROWS = [
    Corruption(),
    *(Corruption(redundant=5, redundant_strength=s) for s in (0.5, 0.7, 1.0)),
    *(Corruption(ambiguous=3, ambiguous_strength=s) for s in (0.25, 0.5, 1.0)),
    *(Corruption(5, r, 3, a) for r, a in ((0.5, 0.25), (0.7, 0.5), (1.0, 1.0))),
    Corruption(10, 0.7, 6, 0.5),
    Corruption(ambiguous=3, ambiguous_strength=0.5, is_nearest=True),
]


class GivenScores(nn.Module):
    """A model in Detectron2's manner that returns the scores in its input."""

    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[str, Tensor]]:
        """{"scores": (C, H, W)} -> {"sem_seg": (C, H, W)}."""
        return [{"sem_seg": x["scores"]} for x in batched_inputs]


def random_field(height: int, width: int, generator: torch.Generator) -> Tensor:
    """A smooth field (height, width), interpolated between normal values every `CELL` pixels."""
    nodes = torch.randn(1, 1, height // CELL + 2, width // CELL + 2, generator=generator)
    size = (height, width)
    return F.interpolate(nodes, size=size, mode="bicubic", align_corners=False)[0, 0]


def one_hot(labels: Tensor, num_classes: int) -> Tensor:
    """Perfect scores (K, H, W): 1 for the true word, 0 elsewhere and in ignored pixels."""
    found = F.one_hot(labels.clamp(max=num_classes), num_classes + 1)
    return found[..., :num_classes].permute(2, 0, 1).float()


def corrupt(truth: Tensor, how: Corruption, seed: int, features: Tensor | None = None) -> Tensor:
    """
    Add words that are not in the page.

    Args:
        truth: of `one_hot`, (K, H, W).
        how: numbers and strengths; at most as many ambiguous words as the page has words.
        seed: of the choice of words and the noise.
        features: of the words, unit rows, (K, D); only for the nearest word.

    Returns:
        Tensor: shape (K, H, W); sums to one over the words where there is a truth.
    """
    generator = torch.Generator().manual_seed(seed)
    _, height, width = truth.shape
    is_there = truth.flatten(1).amax(dim=1) > 0
    absent = _shuffled((~is_there).nonzero().flatten(), generator)
    present = _shuffled(is_there.nonzero().flatten(), generator)
    scores = truth.clone()
    for word in absent[: how.redundant]:
        noise = random_field(height, width, generator)
        scores[word] = (how.redundant_strength * noise).clamp(min=0)
    free = absent[how.redundant :]
    for original in present[: how.ambiguous]:
        word = free[0]
        if how.is_nearest and features is not None:
            word = free[int((features[free] @ features[original]).argmax())]
        free.remove(word)
        noise = 1 + how.ambiguous_strength * random_field(height, width, generator)
        scores[word] = truth[original] * noise.clamp(min=0)
    return scores / scores.sum(dim=0).clamp(min=1e-8)


def _shuffled(words: Tensor, generator: torch.Generator) -> list[int]:
    return words[torch.randperm(len(words), generator=generator)].tolist()


def read_config(affinity: str, opts: Sequence[str] = ()) -> CfgNode:
    """The config of PurifiedSegmentor with the embedded CLIP and benchmark."""
    options = [*OPTIONS.split(), "MODEL.AFFINITY_HEAD.NAME", affinity, *opts]
    return load_config(str(ROOT / "configs/storybook/sclip_freecp.yaml"), options)


def read_pages(cfg: CfgNode) -> Iterator[tuple[Tensor, Tensor]]:
    """Image (3, H, W) and labels (H, W) of TEST.NUM_IMAGES pages."""
    for record in select_records(cfg, cfg.DATASETS.TEST[0]):
        image = read_image(record["file_name"], cfg.INPUT.FORMAT).copy()
        labels = read_image(record["sem_seg_file_name"], "L").astype(np.int64)
        yield torch.from_numpy(image).permute(2, 0, 1), torch.from_numpy(labels.squeeze())


def measure(
    models: Sequence[PurifiedSegmentor],
    pages: Sequence[tuple[Tensor, Tensor]],
    how: Corruption,
    seed: int,
) -> list[float]:
    """mIoU, percent, of the corrupted scores, and of those that each model purified."""
    features = models[0].purifier.class_features
    num_classes = len(models[0].purifier.channels.names)
    counts = np.zeros((1 + len(models), 3, num_classes), dtype=np.int64)
    for i, (image, labels) in enumerate(pages):
        scores = corrupt(one_hot(labels, num_classes), how, 10_000 * seed + i, features)
        found = [scores.argmax(dim=0)]
        found += [model([{"image": image, "scores": scores}])[0]["sem_seg"] for model in models]
        counts += np.stack([count_labels(x.numpy(), labels.numpy(), num_classes) for x in found])
    return mean_iou(counts).tolist()


def table(measured: Sequence[tuple[Corruption, np.ndarray]]) -> str:
    """A Markdown table; `measured` has mIoU of shape (seeds, 1 + affinities)."""
    rows = []
    for how, values in measured:
        mean, spread = values.mean(axis=0), values.std(axis=0)
        row = [f"{how.redundant} x {how.redundant_strength}" if how.redundant else "none"]
        nearest = ", nearest" if how.is_nearest else ""
        row += [f"{how.ambiguous} x {how.ambiguous_strength}{nearest}" if how.ambiguous else "none"]
        row += [f"{mean[0]:.1f}"]
        for after, deviation in zip(mean[1:], spread[1:], strict=True):
            back = f"{100 * (after - mean[0]) / (100 - mean[0]):.0f} %" if mean[0] < 100 else ""
            row += [f"{after:.1f} ± {deviation:.1f}", back]
        rows.append(row)
    headers = ["redundant", "ambiguous", "mIoU"]
    for name in AFFINITIES:
        headers += [name.removesuffix("Affinity"), "won back"]
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=30, help="of 150 pages; default 30")
    parser.add_argument("--seeds", type=int, default=3, help="repetitions; default 3")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="KEY VALUE, as of train_net.py")
    args = parser.parse_args(argv)
    import_plugins([str(ROOT / "examples/color_position_affinity.py")])
    opts = ["TEST.NUM_IMAGES", str(args.images), *args.opts]
    configs = [read_config(affinity, opts) for affinity in AFFINITIES]
    models = [PurifiedSegmentor(cfg, wrapped=GivenScores()).eval() for cfg in configs]
    pages = list(read_pages(configs[0]))
    measured = []
    for how in ROWS:
        values = [measure(models, pages, how, seed) for seed in range(args.seeds)]
        measured.append((how, np.array(values)))
    print(f"{len(pages)} pages of {configs[0].DATASETS.TEST[0]}, {args.seeds} seeds\n")
    print(table(measured))


if __name__ == "__main__":
    freecp.call(main)

"""
Seconds and memory of each stage of the method, side by side for several vocabulary sizes.

    python tools/benchmark.py --words 46 150 171 500 1000
    python tools/benchmark.py --size 560x1120 --window 224 --threads 1 --precision bf16

Weights are random (a ViT-B/16 of OpenAI's shape) and the word features are drawn around the
picture's own patch features, so that maps are local and some words survive. Shares compare within
one run; absolute figures are this machine's.
"""

import argparse
import resource
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from tabulate import tabulate
from torch import Tensor

from freecp_d2 import ClassPurification, CLIPAttentionAffinity, CLIPViT, FreeCPSegmentor, Vocabulary
from freecp_d2.modeling.backbone import DenseAttention
from freecp_d2.modeling.backbone.clip_loading import PRECISIONS, set_precision
from freecp_d2.modeling.text_head import TextHead

STAGES = ("backbone", "Eq. 1", "Eq. 2", "Eqs. 3-8", "crops of Eq. 8", "stitching")


class StageTimer:
    """Adds up the seconds spent in wrapped methods; a stage inside another is not counted twice."""

    def __init__(self, device: torch.device):
        self.device = device
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self._inner = 0.0

    def wrap(self, owner: Any, method: str, stage: str) -> None:
        """Replace `owner.method` by one that is timed as `stage`."""
        original: Callable = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            outer, self._inner = self._inner, 0.0
            start = self._now()
            result = original(*args, **kwargs)
            elapsed = self._now() - start
            self.seconds[stage] += elapsed - self._inner
            self.calls[stage] += 1
            self._inner = outer + elapsed
            return result

        setattr(owner, method, timed)

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


def build_backbone(dense_attention: str, precision: str) -> CLIPViT:
    """A ViT-B/16 of OpenAI's shape with random weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from clip.model import VisionTransformer
    torch.manual_seed(0)
    visual = VisionTransformer(224, 16, width=768, layers=12, heads=12, output_dim=512)
    return CLIPViT(
        visual=set_precision(visual, PRECISIONS[precision]),
        dense_attention=DenseAttention.from_preset(dense_attention, "freecp"),
        interpolation="size_antialias" if dense_attention == "gem" else "scale",
        pixel_mean=(122.8, 116.7, 104.1),
        pixel_std=(68.5, 66.6, 70.3),
    )


def picture(height: int, width: int) -> Tensor:
    """Smooth colour fields with edges, uint8 range, shape (3, H, W)."""
    torch.manual_seed(1)
    coarse = F.interpolate(255 * torch.rand(1, 3, 5, 7), size=(height, width), mode="nearest")
    fine = F.interpolate(torch.randn(1, 3, 40, 56), size=(height, width), mode="bilinear")
    return (coarse + 20 * fine)[0].clamp(0, 255)


def word_features(backbone: CLIPViT, image: Tensor, num_words: int) -> Tensor:
    """Unit vectors around the picture's centred patch features, shape (num_words, D)."""
    mean = torch.tensor(backbone.pixel_mean, device=image.device).view(3, 1, 1)
    with torch.no_grad():
        patches = backbone((image - mean)[None, :, :384, :384] / 68)["patch_tokens"][0].flatten(1).T
    patches = F.normalize(patches - 0.9 * patches.mean(dim=0), dim=1)
    torch.manual_seed(2)
    chosen = patches[torch.randint(len(patches), (num_words,))]
    return F.normalize(chosen + 0.02 * torch.randn(chosen.shape).to(chosen), dim=1)


def measure(args: argparse.Namespace, backbone: CLIPViT, image: Tensor, num_words: int) -> dict:
    """One vocabulary size: seconds an image of each stage, and what came out."""
    vocabulary = Vocabulary("benchmark", tuple((f"word {i}",) for i in range(num_words)))
    text_head = TextHead(vocabulary=vocabulary, logit_scale=100.0)
    features = word_features(backbone, image, num_words)
    text_head.set_features(features, features)
    model = FreeCPSegmentor(
        backbone=backbone,
        text_head=text_head,
        affinity_head=CLIPAttentionAffinity(attention_layers=range(11)),
        purification_head=ClassPurification(redundancy_thresh=0.05, ambiguity_thresh=0.7),
        input_format="RGB",
        window_size=args.window,
        window_stride=112,
        window_batch_size=args.batch_size,
        crop_size=112,
        return_label_map=True,
    ).to(image.device)
    inputs = [{"image": image}]
    diagnosis = model.diagnose(inputs)[0]  # also the warm-up
    timer = StageTimer(image.device)
    calls = [(backbone, "forward"), (text_head, "forward"), (model.affinity_head, "forward")]
    calls += [(model.purification_head, "forward"), (backbone, "encode_image"), (model, "_stitch")]
    for (owner, method), stage in zip(calls, STAGES, strict=True):
        timer.wrap(owner, method, stage)
    start = time.perf_counter()
    for _ in range(args.repeat):
        model(inputs)
    total = (time.perf_counter() - start) / args.repeat
    for owner, method in calls:
        delattr(owner, method)  # back to the class's own
    row = {stage: timer.seconds[stage] / args.repeat for stage in STAGES}
    kept = sum(len(window.kept) for window in diagnosis) / len(diagnosis)
    contests = sum(len(group.contests) for window in diagnosis for group in window.groups)
    return {"words": num_words, "total": total, **row, "kept": kept, "contests": contests}


def report(rows: Sequence[dict]) -> str:
    """The table: seconds an image, and everything but backbone and crops as a share of it."""
    table = []
    for row in rows:
        rest = sum(row[s] for s in STAGES) - row["backbone"] - row["crops of Eq. 8"]
        line = {"words": row["words"], "s / image": row["total"]}
        line |= {stage: row[stage] for stage in STAGES}
        line |= {
            "rest / backbone": f"{100 * rest / row['backbone']:.1f} %",
            "words kept a window": f"{row['kept']:.0f}",
            "contests": row["contests"],
        }
        table.append(line)
    return tabulate(table, headers="keys", floatfmt=".3f", tablefmt="pipe")


def main(argv: Sequence[str] | None = None) -> list[dict]:
    """Print the table; returns its rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--words", type=int, nargs="+", default=[150, 171, 500, 1000])
    parser.add_argument("--size", default="448x597", help="height x width after the resize")
    parser.add_argument("--window", type=int, default=384)
    parser.add_argument("--batch-size", type=int, default=8, help="windows in one forward")
    parser.add_argument("--dense-attention", default="sclip")
    parser.add_argument("--precision", default="fp32", choices=[*PRECISIONS])
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: torch's choice")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    height, width = (int(side) for side in args.size.split("x"))
    device = torch.device(args.device)
    backbone = build_backbone(args.dense_attention, args.precision).to(device)
    image = picture(height, width).to(device)
    rows = [measure(args, backbone, image, num_words) for num_words in args.words]
    print(
        f"{args.dense_attention}, {args.precision}, {args.size}, window {args.window}, "
        f"{args.device}, {torch.get_num_threads()} threads, mean of {args.repeat}\n"
    )
    print(report(rows))
    if device.type == "cuda":
        print(f"\npeak GPU memory: {torch.cuda.max_memory_allocated() / 2**20:.0f} MiB")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"\npeak memory of the process: {peak:.0f} MiB")
    return rows


if __name__ == "__main__":
    main()

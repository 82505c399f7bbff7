"""
Seconds and memory of each stage of the method, side by side for several vocabularies or CLIPs.

    python tools/benchmark.py --words 46 150 171 500 1000
    python tools/benchmark.py --arch ViT-B/16 ViT-L/14 RN50x16 --words 150
    python tools/benchmark.py --size 560x1120 --window 224 --threads 1 --precision bf16

Weights are random, in the released shapes; with a ResNet the affinity is that of a DINO ViT-B/16.
Word features are drawn around the image's patch features, so that maps are local and some words
survive. Each CLIP of several runs in its own process, whose peak memory is reported. On one
CPU thread, seconds are CPU seconds.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import torch
import torch.nn.functional as F
from tabulate import tabulate
from torch import Tensor

from freecp_d2 import ClassPurification, FreeCPSegmentor, Vocabulary
from freecp_d2.modeling.affinity import AffinityHead, CLIPAttentionAffinity, DINOAffinity
from freecp_d2.modeling.backbone import CLIPBackbone, CLIPResNet, CLIPViT
from freecp_d2.modeling.backbone.activation import save_memory
from freecp_d2.modeling.backbone.clip_files import OPENAI_RESNETS, OPENAI_TOWERS, OPENAI_VITS
from freecp_d2.modeling.backbone.clip_loading import PRECISIONS, set_precision
from freecp_d2.modeling.backbone.dense_attention import find_dense_attention
from freecp_d2.modeling.meta_arch import freecp_segmentor, read_out
from freecp_d2.modeling.text_head import TextHead
from freecp_d2.utils import processes
from freecp_d2.utils.clip_library import import_clip

STAGES = ("backbone", "Eq. 1", "Eq. 2", "Eqs. 3-8", "crops of Eq. 8", "stitching")


class StageTimer:
    """Seconds spent in wrapped methods, by stage; an outer stage excludes the inner one."""

    def __init__(self, device: torch.device):
        self.device = device
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)
        self._inner = 0.0
        self._wrapped: list[tuple[Any, str, Callable]] = []

    def wrap(self, owner: Any, method: str, stage: str) -> None:
        """Replace `owner.method` by a function that is timed as `stage`."""
        original: Callable = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            outer, self._inner = self._inner, 0.0
            start = self.now()
            result = original(*args, **kwargs)
            elapsed = self.now() - start
            self.seconds[stage] += elapsed - self._inner
            self.calls[stage] += 1
            self._inner = outer + elapsed
            return result

        self._wrapped.append((owner, method, original))
        setattr(owner, method, timed)

    def restore(self) -> None:
        """Undo `wrap`."""
        for owner, method, original in self._wrapped:
            setattr(owner, method, original)

    def now(self) -> float:
        """Seconds; on one CPU thread those of the CPU, which exclude waits for other programs."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        is_alone = self.device.type == "cpu" and torch.get_num_threads() == 1
        return time.process_time() if is_alone else time.perf_counter()


def build_backbone(arch: str, dense_attention: str, precision: str) -> CLIPBackbone:
    """An image tower of OpenAI's shape with random weights."""
    towers = import_clip().model
    torch.manual_seed(0)
    pixels: dict[str, Any] = {"pixel_mean": (122.8, 116.7, 104.1), "pixel_std": (68.5, 66.6, 70.3)}
    if arch in OPENAI_RESNETS:
        width, blocks, side = OPENAI_RESNETS[arch]
        resnet = towers.ModifiedResNet(blocks, 768, width * 32 // 64, side, width)
        return CLIPResNet(visual=set_precision(resnet, PRECISIONS[precision]), **pixels)
    width, layers, patch, side = OPENAI_VITS[arch]
    vit = towers.VisionTransformer(
        side, patch, width, layers, width // 64, 512 if width == 768 else 768
    )
    save_memory(vit)
    method = find_dense_attention(dense_attention)()
    return CLIPViT(
        visual=set_precision(vit, PRECISIONS[precision]),
        dense_attention=method,
        interpolation=method.interpolation,
        **pixels,
    )


def build_affinity(backbone: CLIPBackbone, precision: str) -> AffinityHead:
    """CLIP's own attention or, for a ResNet, a DINO ViT-B/16 with random weights."""
    if isinstance(backbone, CLIPViT):
        return CLIPAttentionAffinity(attention_layers=range(backbone.num_layers - 1))
    import timm

    dino = timm.create_model("vit_base_patch16_224.dino", dynamic_img_size=True)
    return DINOAffinity(encoder=dino, precision=precision)


def synthetic_image(height: int, width: int) -> Tensor:
    """Colour fields with edges and smooth noise, in [0, 255], shape (3, H, W)."""
    torch.manual_seed(1)
    coarse = F.interpolate(255 * torch.rand(1, 3, 5, 7), size=(height, width), mode="nearest")
    fine = F.interpolate(torch.randn(1, 3, 40, 56), size=(height, width), mode="bilinear")
    return (coarse + 20 * fine)[0].clamp(0, 255)


def word_features(backbone: CLIPBackbone, image: Tensor, num_words: int) -> Tensor:
    """Unit vectors around the image's centred patch features, shape (num_words, D)."""
    mean = torch.tensor(backbone.pixel_mean, device=image.device).view(3, 1, 1)
    with torch.no_grad():
        patches = backbone((image - mean)[None, :, :384, :384] / 68)["patch_tokens"][0].flatten(1).T
    patches = F.normalize(patches - 0.9 * patches.mean(dim=0), dim=1)
    torch.manual_seed(2)
    chosen = patches[torch.randint(len(patches), (num_words,))]
    return F.normalize(chosen + 0.02 * torch.randn(chosen.shape).to(chosen), dim=1)


def measure(
    args: argparse.Namespace, backbone: CLIPBackbone, image: Tensor, num_words: int
) -> dict:
    """Seconds per image of each stage for one vocabulary size, with counts of words and boxes."""
    vocabulary = Vocabulary("benchmark", tuple((f"word {i}",) for i in range(num_words)))
    text_head = TextHead(vocabulary=vocabulary, logit_scale=100.0)
    features = word_features(backbone, image, num_words)
    text_head.set_features(features, features)
    model = FreeCPSegmentor(
        backbone=backbone,
        text_head=text_head,
        affinity_head=build_affinity(backbone, args.precision),
        purification_head=ClassPurification(redundancy_thresh=0.05, ambiguity_thresh=0.7),
        input_format="RGB",
        window_size=args.window,
        window_stride=112,
        window_batch_size=args.batch_size or (4 if image.device.type == "cpu" else 8),
        crop_size=112,
        return_label_map=True,
    ).to(image.device)
    inputs = [{"image": image}]
    diagnosis = model.diagnose(inputs)[0]  # also the warm-up
    timer = StageTimer(image.device)
    calls = [(backbone, "forward"), (text_head, "forward"), (model.affinity_head, "forward")]
    calls += [(model.purification_head, "forward"), (backbone, "encode_image")]
    calls += [(read_out, "stitch"), (freecp_segmentor, "read_out")]
    for (owner, method), stage in zip(calls, [*STAGES, STAGES[-1]], strict=True):
        timer.wrap(owner, method, stage)
    start = timer.now()
    for _ in range(args.repeat):
        model(inputs)
    total = (timer.now() - start) / args.repeat
    timer.restore()
    row = {stage: timer.seconds[stage] / args.repeat for stage in STAGES}
    kept = sum(len(window.kept) for window in diagnosis) / len(diagnosis)
    boxes = sum(len(group.region_boxes) for window in diagnosis for group in window.groups)
    return {"words": num_words, "total": total, **row, "kept": kept, "boxes": boxes}


def run_arch(args: argparse.Namespace, arch: str) -> list[dict]:
    """A row for each vocabulary size, with the peak memory up to it."""
    if not args.library:
        processes.keep_freed_memory()
    if args.threads:
        torch.set_num_threads(args.threads)
    height, width = (int(side) for side in args.size.split("x"))
    device = torch.device(args.device)
    backbone = build_backbone(arch, args.dense_attention, args.precision).to(device)
    image = synthetic_image(height, width).to(device)
    rows = []
    for num_words in args.words:
        row = {"CLIP": arch} | measure(args, backbone, image, num_words)
        row["MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        if device.type == "cuda":
            row["GPU MiB"] = torch.cuda.max_memory_allocated() / 2**20
        rows.append(row)
    return rows


def report(rows: Sequence[dict]) -> str:
    """A table of the seconds of each stage of an image."""
    table = []
    for row in rows:
        line = {"CLIP": row["CLIP"], "words": row["words"], "images / s": 1 / row["total"]}
        line |= {stage: row[stage] for stage in STAGES}
        line |= {"words kept a window": f"{row['kept']:.0f}", "boxes": row["boxes"]}
        line |= {f"peak {key}": f"{row[key]:.0f}" for key in ("MiB", "GPU MiB") if key in row}
        table.append(line)
    return tabulate(table, headers="keys", floatfmt=".3f", tablefmt="pipe")


def main(argv: Sequence[str] | None = None) -> list[dict]:
    """Print the table; returns its rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--arch", nargs="+", default=["ViT-B/16"], choices=[*OPENAI_TOWERS])
    parser.add_argument("--words", type=int, nargs="+", default=[150, 171, 500, 1000])
    parser.add_argument("--size", default="448x597", help="height x width after the resize")
    parser.add_argument("--window", type=int, default=384)
    parser.add_argument("--batch-size", type=int, default=0, help="windows; 0: 8, on a CPU 4")
    parser.add_argument("--dense-attention", default="sclip")
    parser.add_argument("--precision", default="fp32", choices=[*PRECISIONS])
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: torch's choice")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--library", action="store_true", help="leave the allocator alone, as the package does"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args(argv)
    if len(args.arch) == 1:
        rows = run_arch(args, args.arch[0])
    else:
        rows = []
        for arch in args.arch:  # one process each, because peak memory is per process
            pool = ProcessPoolExecutor(1, get_context("spawn"))
            with pool, processes.children_end_on_interrupt():
                with processes.interrupts_blocked():
                    future = pool.submit(run_arch, args, arch)
                rows += future.result()
    threads, isa = args.threads or torch.get_num_threads(), torch.backends.cpu.get_cpu_capability()
    print(
        f"{args.dense_attention}, {args.precision}, {args.size}, window {args.window}, "
        f"{args.device}, {threads} threads, {isa}, mean of {args.repeat}; stages in seconds\n"
    )
    print(report(rows))
    return rows


if __name__ == "__main__":
    freecp.call(main)

"""
Seconds and memory of the base methods beside SCLIP, with random weights.

    python tools/base_method_costs.py --threads 1

Seconds are CPU time, the least of --repeat forwards of one window after one to warm up; the methods
run in turn in one process. Memory is what the first forward of --windows windows adds to the peak
of a process, one for each method. The CLIP is a ViT-B/16 and ProxyCLIP's proxy a DINO ViT-B/8.
ResCLIP's feedback reads --words words.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
import resource
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import torch
import torch.nn.functional as F
from tabulate import tabulate
from torch import Tensor

from freecp_d2.config import add_freecp_config
from freecp_d2.d2 import get_cfg
from freecp_d2.modeling.affinity import DINOAffinity
from freecp_d2.modeling.backbone import CLIPViT
from freecp_d2.modeling.backbone.clip_vit import tower_spec
from freecp_d2.modeling.backbone.dense_attention import ProxyCLIP, build_dense_attention
from freecp_d2.utils.processes import children_end_on_interrupt, interrupts_blocked

METHODS = {
    "SCLIP": "sclip",
    "CLIP": "clip",
    "MaskCLIP": "maskclip",
    "ClearCLIP": "clearclip",
    "GEM": "gem",
    "NACLIP": "naclip",
    "SC-CLIP": "scclip",
    "SFP": "sfp",
    "ResCLIP without feedback": "resclip MODEL.CLIP.RESCLIP.FEEDBACK False",
    "ResCLIP": "resclip",
    "ProxyCLIP": "proxyclip",
    "CLIPtrase": "cliptrase",
    "CLIPtrase with votes": "cliptrase MODEL.CLIP.CLIPTRASE.VOTE True",
}
"""Row -> MODEL.CLIP.DENSE_ATTENTION and further keys."""


def random_tower() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from clip.model import VisionTransformer
    torch.manual_seed(0)
    return VisionTransformer(224, 16, 768, 12, 12, 512)


def build(row: str, visual: Any) -> CLIPViT:
    """The backbone of a row; all may share a tower."""
    if row == "ProxyCLIP":
        import timm

        dino = timm.create_model("vit_base_patch8_224.dino", num_classes=0, dynamic_img_size=True)
        method: Any = ProxyCLIP(proxy=DINOAffinity(encoder=dino))
    else:
        cfg = get_cfg()
        add_freecp_config(cfg)
        cfg.merge_from_list(["MODEL.CLIP.DENSE_ATTENTION", *METHODS[row].split()])
        method = build_dense_attention(cfg, tower_spec(visual))
    return CLIPViT(
        visual=visual,
        dense_attention=method,
        interpolation=method.interpolation,
        pixel_mean=(122.8, 116.7, 104.1),
        pixel_std=(68.5, 66.6, 70.3),
    )


@torch.no_grad()
def run(backbone: CLIPViT, args: argparse.Namespace, num_windows: int) -> None:
    """One forward of random windows."""
    generator = torch.Generator().manual_seed(1)
    windows = torch.randn(num_windows, 3, args.window, args.window, generator=generator)
    text: dict[str, Tensor] = {}
    if backbone.reads_text:
        words = torch.randn(args.words, 512, generator=generator)
        text["text_features"] = F.normalize(words, dim=1)
    backbone(windows, **text)


def added_memory(args: argparse.Namespace, row: str) -> float:
    """MiB that a first forward adds to the peak of this process."""
    torch.set_num_threads(args.threads or torch.get_num_threads())
    backbone = build(row, random_tower())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run(backbone, args, args.windows)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**10


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=[*METHODS])
    parser.add_argument("--window", type=int, default=224, help="side in pixels")
    parser.add_argument("--windows", type=int, default=4, help="in the forward for the memory")
    parser.add_argument("--words", type=int, default=150)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: torch's choice")
    parser.add_argument("--repeat", type=int, default=2)
    args = parser.parse_args(argv)
    memory = {}
    for row in args.methods:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool, children_end_on_interrupt():
            with interrupts_blocked():
                future = pool.submit(added_memory, args, row)
            memory[row] = future.result()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    visual = random_tower()
    backbones = {row: build(row, visual) for row in args.methods}
    seconds: dict[str, list[float]] = {row: [] for row in args.methods}
    for _ in range(1 + args.repeat):
        for row, backbone in backbones.items():
            start = time.process_time()
            run(backbone, args, 1)
            seconds[row].append(time.process_time() - start)
    fastest = {row: min(values[1:]) for row, values in seconds.items()}
    first = fastest[args.methods[0]]
    rows = [[row, fastest[row], fastest[row] / first, memory[row]] for row in args.methods]
    headers = ["", "seconds", f"of {args.methods[0]}'s", "MiB"]
    print(tabulate(rows, headers, floatfmt=("", ".2f", ".2f", ".0f"), tablefmt="pipe"))


if __name__ == "__main__":
    freecp.call(main)

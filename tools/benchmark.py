"""
Seconds and memory of each stage of the method, for several vocabularies, CLIPs and precisions.

    python tools/benchmark.py --words 46 150 171 500 1000
    python tools/benchmark.py --arch ViT-B/16 ViT-L/14 RN50x16 --words 150
    python tools/benchmark.py --size 560x1120 --window 224 --threads 1 --precision bf16

On a GPU, with the share of labels that equal those of this CPU:

    python tools/benchmark.py --device cuda --words 150 1000 --precision fp32 fp16 bf16 \\
        --compile off on --batch-size 1 8 32

Weights are random, in the released shapes; with a ResNet the affinity is that of a DINO ViT-B/16.
Word features are drawn around the image's patch features, so that maps are local and some words
survive. Each row runs in its own process. On one CPU thread, seconds are CPU seconds.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
import itertools
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import torch
import torch.nn.functional as F
from benchmarking.stages import Stages, machine, matmul_peak, peak_memory, seconds
from tabulate import tabulate
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from freecp_d2 import ClassPurification, FreeCPSegmentor, Vocabulary
from freecp_d2.modeling.affinity import AffinityHead, CLIPAttentionAffinity, DINOAffinity
from freecp_d2.modeling.backbone import CLIPBackbone, CLIPResNet, CLIPViT
from freecp_d2.modeling.backbone.clip_files import OPENAI_RESNETS, OPENAI_TOWERS, OPENAI_VITS
from freecp_d2.modeling.backbone.clip_loading import set_precision
from freecp_d2.modeling.backbone.dense_attention import find_dense_attention
from freecp_d2.modeling.backbone.dense_attention.blocks import save_memory
from freecp_d2.modeling.meta_arch import freecp_segmentor
from freecp_d2.modeling.text_head import TextHead
from freecp_d2.utils import processes
from freecp_d2.utils.clip_library import import_clip
from freecp_d2.utils.device import PRECISIONS

STAGES = ("backbone", "Eq. 1", "Eq. 2", "Eqs. 3-8", "crops of Eq. 8", "stitching")
OPTIONS = ("arch", "precision", "compile", "batch_size", "words")
"""The options that a row may differ in, which take several values."""
RELEASE = (
    "For comparison, ViT-B/16 in fp32, six windows of 384, one AVX2 thread: the authors' program "
    "took 18.5 s for the backbone and 0.262 s a crop; outside the encoders it took 14 times as "
    "long as freecp_d2 with 150 words and 51 times with 1,000."
)


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


def word_features(args: argparse.Namespace, image: Tensor, num_words: int) -> Tensor:
    """Unit vectors around the image's centred patch features, (num_words, D); on the CPU."""
    backbone = build_backbone(args.arch, args.dense_attention, "fp32")
    mean = torch.tensor(backbone.pixel_mean).view(3, 1, 1)
    with torch.no_grad():
        patches = backbone((image - mean)[None, :, :384, :384] / 68)["patch_tokens"][0].flatten(1).T
    patches = F.normalize(patches - 0.9 * patches.mean(dim=0), dim=1)
    torch.manual_seed(2)
    chosen = patches[torch.randint(len(patches), (num_words,))]
    return F.normalize(chosen + 0.02 * torch.randn(chosen.shape), dim=1)


def build(args: argparse.Namespace, image: Tensor, num_words: int) -> FreeCPSegmentor:
    vocabulary = Vocabulary("benchmark", tuple((f"word {i}",) for i in range(num_words)))
    text_head = TextHead(vocabulary=vocabulary, logit_scale=100.0)
    features = word_features(args, image, num_words)
    text_head.set_features(features, features)
    backbone = build_backbone(args.arch, args.dense_attention, args.precision)
    backbone.compiles = args.compile == "on"
    model = FreeCPSegmentor(
        backbone=backbone,
        text_head=text_head,
        affinity_head=build_affinity(backbone, args.precision),
        purification_head=ClassPurification(redundancy_thresh=0.05, ambiguity_thresh=0.7),
        input_format="RGB",
        window_size=args.window,
        window_stride=112,
        window_batch_size=args.batch_size or (4 if args.device == "cpu" else 8),
        crop_size=112,
        return_label_map=True,
    )
    return model.to(args.device)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """A row: seconds and MiB of an image by stage, counts, and its labels."""
    if not args.library:
        processes.keep_freed_memory()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    height, width = (int(side) for side in args.size.split("x"))
    device, image = torch.device(args.device), synthetic_image(height, width)
    model, inputs = build(args, image, args.words), [{"image": image}]
    backbone, stages = model.backbone, Stages(device)
    model(inputs)  # compiles and warms up
    peak_memory(device)
    before = torch.cuda.memory_allocated() / 2**20 if args.device == "cuda" else peak_memory(device)
    heads: list[Any] = [model.text_head, model.affinity_head, model.purification_head]
    calls = [(owner, "forward") for owner in (backbone, *heads)] + [(backbone, "encode_image")]
    calls += [(freecp_segmentor, "stitch"), (model.text_head, "read_out")]
    for (owner, method), stage in zip(calls, [*STAGES, STAGES[-1]], strict=True):
        stages.wrap(owner, method, stage)
    stages.reads_memory = True  # which takes time
    labels = model(inputs)[0]["sem_seg"].cpu()
    stages.reads_memory = False
    num_windows, num_crops = stages.inputs[STAGES[0]], stages.inputs["crops of Eq. 8"]
    stages.seconds.clear()
    start = seconds(device)
    for _ in range(args.repeat):
        model(inputs)
    row = {"total": (seconds(device) - start) / args.repeat, "labels": labels, "crops": num_crops}
    row |= {stage: stages.seconds[stage] / args.repeat for stage in STAGES}
    row |= {f"MiB, {stage}": stages.peaks.get(stage, before) - before for stage in STAGES}
    cells = backbone.patch_size
    sides = [min(args.window, side) // cells * cells for side in (height, width)]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        backbone.compiles = False  # what is compiled has no operators to count
        layers = model.affinity_head.attention_layers if model.affinity_head else ()
        backbone(torch.zeros(1, 3, *sides, device=device), attention_layers=layers)
    rate = counter.get_total_flops() * num_windows / row[STAGES[0]]
    is_cpu = device.type == "cpu"  # some take minutes for the product in fp16
    peak = matmul_peak(device, torch.float32 if is_cpu else PRECISIONS[args.precision])
    return row | {"share": rate / peak, "machine": machine(device)}


def report(rows: Sequence[dict[str, Any]]) -> str:
    """A table of seconds and one of memory, a line for each row."""
    keys = [key for key in OPTIONS if len({row[key] for row in rows}) > 1 or key == "words"]
    times, memory = [], []
    for row in rows:
        own = {key: row[key] for key in keys}
        times.append(
            own | {"images / s": 1 / row["total"]} | {stage: row[stage] for stage in STAGES}
        )
        times[-1] |= {"crops": row["crops"], "of the peak": f"{row['share']:.0%}"}
        if "equal" in row:
            minutes = 2000 * row["total"] / 60
            times[-1] |= {"2,000 images, min": minutes, "labels": f"{row['equal']:.2%}"}
        memory.append(own | {stage: f"{row[f'MiB, {stage}']:.0f}" for stage in STAGES})
    style: Any = {"headers": "keys", "floatfmt": ".3f", "tablefmt": "pipe"}
    return f"{tabulate(times, **style)}\n\nMiB above the model:\n\n{tabulate(memory, **style)}"


def main(argv: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Print the tables; returns the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--arch", nargs="+", default=["ViT-B/16"], choices=[*OPENAI_TOWERS])
    parser.add_argument("--words", type=int, nargs="+", default=[150, 171, 500, 1000])
    parser.add_argument("--size", default="448x597", help="height x width after the resize")
    parser.add_argument("--window", type=int, default=384)
    parser.add_argument(
        "--batch-size", type=int, nargs="+", default=[0], help="windows; 0: 8, on a CPU 4"
    )
    parser.add_argument("--dense-attention", default="sclip")
    parser.add_argument("--precision", nargs="+", default=["fp32"], choices=[*PRECISIONS])
    parser.add_argument("--compile", nargs="+", default=["off"], choices=["off", "on"])
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: torch's choice")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--library", action="store_true", help="leave the allocator alone, as the package does"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args(argv)
    options = list(itertools.product(*(getattr(args, key) for key in OPTIONS)))
    is_compared = args.device != "cpu" or len(options) > len(args.arch) * len(args.words)
    rows, of_cpu = [], {}
    for values in options:
        own = dict(zip(OPTIONS, values, strict=True))
        model = own["arch"], own["words"]
        if is_compared and model not in of_cpu:
            plain = {"precision": "fp32", "compile": "off", "batch_size": 0, "device": "cpu"}
            of_cpu[model] = _run_alone(args, own | plain | {"repeat": 1})["labels"]
        rows.append(own | _run_alone(args, own))
        if is_compared:
            rows[-1]["equal"] = float((rows[-1]["labels"] == of_cpu[model]).float().mean())
    print(f"{args.dense_attention}, {args.size}, windows of {args.window}, mean of {args.repeat},")
    print(f"on {rows[0]['machine']}; stages in seconds.\n{RELEASE}\n\n{report(rows)}")
    return rows


def _run_alone(args: argparse.Namespace, changes: dict[str, Any]) -> dict[str, Any]:
    """`run` in a process of its own, whose memory it measures."""
    pool = ProcessPoolExecutor(1, get_context("spawn"))
    with pool, processes.children_end_on_interrupt():
        with processes.interrupts_blocked():
            future = pool.submit(run, argparse.Namespace(**vars(args) | changes))
        return future.result()


if __name__ == "__main__":
    freecp.call(main)

"""
Train the Storybook CLIP from scratch: OpenAI's architecture, InfoNCE on crops and captions.

    python tools/storybook/train.py --minutes 100 --processes 2

Every process has one thread and its own batch; gradients are averaged. It writes to `--output` the
model (`storybook_clip.safetensors`, fp16), its merges, a checkpoint that
`--resume` continues, and the loss curve (`loss.csv`).
"""

import argparse
import csv
import math
import os
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from clip.model import CLIP
from safetensors.torch import save_file
from torch import Tensor

from captions import every_text
from crops import Crops, cache_scenes
from freecp_d2.data.storybook.merges import merges_for, write_merges
from freecp_d2.data.storybook.rng import Rng
from freecp_d2.text import CLIPTokenizer
from towers import encode_image, encode_text

SIZE = {
    "embed_dim": 128,
    "image_resolution": 96,
    "vision_layers": 8,
    "vision_width": 128,
    "vision_patch_size": 8,
    "context_length": 77,
    "transformer_width": 128,
    "transformer_heads": 2,
    "transformer_layers": 3,
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("--output", type=Path, default=Path("output/storybook"))
    parser.add_argument("--minutes", type=float, default=100, help="of training, after the drawing")
    parser.add_argument("--scenes", type=int, default=10000)
    parser.add_argument("--processes", type=int, default=2, help="one thread each")
    parser.add_argument("--batch", type=int, default=128, help="pairs in a batch of one process")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--keep", type=float, default=0.4, help="share of patches, until --full")
    parser.add_argument(
        "--full", type=float, default=0.8, help="share of the time, then all patches"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="from the checkpoint in --output")
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    start = time.time()
    cache_scenes(args.output, args.scenes, args.processes)
    print(f"{args.scenes} scenes after {time.time() - start:.0f} s", flush=True)
    write_merges(args.output / "merges.txt.gz", merges_for(every_text()))
    rendezvous = args.output / f"rendezvous_{os.getpid()}"
    torch.multiprocessing.spawn(train, (args, rendezvous), nprocs=args.processes)


def train(rank: int, args: argparse.Namespace, rendezvous: Path) -> None:
    """Train in one process."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{rendezvous.resolve()}", rank=rank, world_size=args.processes
    )
    tokenizer = CLIPTokenizer(str(args.output / "merges.txt.gz"), SIZE["context_length"])
    torch.manual_seed(args.seed)
    model = CLIP(vocab_size=tokenizer.num_tokens, **SIZE)
    optimizer = _optimizer(model, args.lr)
    progress = {"step": 0, "seconds": 0.0}
    if args.resume:
        _restore(args.output / "checkpoint.pt", model, optimizer, progress)
    torch.manual_seed(args.seed + 1000 * rank + progress["step"])
    stream = args.seed + 1000 * rank + 1_000_003 * int(progress["step"])  # resumed: another one
    chance = Rng(stream % 2**32)
    crops = Crops(*cache_scenes(args.output, args.scenes, 1), side=SIZE["image_resolution"])
    clock, earlier, curve = time.time(), progress["seconds"], _Curve(args, rank)
    while True:
        elapsed = torch.tensor(earlier + time.time() - clock)
        dist.broadcast(elapsed, 0)
        progress["seconds"] = elapsed.item()
        done = progress["seconds"] / (60 * args.minutes)
        if done >= 1:
            break
        lr = (
            args.lr
            * min(1, (progress["step"] + 1) / 100)
            * (0.51 + 0.49 * math.cos(math.pi * done))
        )
        for group in optimizer.param_groups:
            group["lr"] = lr
        images, captions, sets = crops.batch(chance, args.batch)
        tokens = tokenizer(captions)
        keep = args.keep if done < args.full else 1.0
        loss, accuracy = _step(model, optimizer, images, tokens, sets, keep)
        progress["step"] += 1
        curve.add(progress, loss, accuracy, model.logit_scale.exp().item())
        if rank == 0 and progress["step"] % 250 == 0:
            _save(args.output, model, optimizer, progress)
    if rank == 0:
        _save(args.output, model, optimizer, progress)
        print(f"done: {progress['step']} steps, {progress['seconds'] / 60:.1f} min", flush=True)
    dist.barrier()
    dist.destroy_process_group()


def contrastive_loss(
    images: Tensor, texts: Tensor, scale: Tensor, sets: Tensor
) -> tuple[Tensor, Tensor]:
    """
    InfoNCE in both directions; pairs with the same set of classes are no negatives.

    Args:
        images, texts: features of shape (B, D).
        scale: inverse temperature.
        sets: the classes of each pair as bits, shape (B,).

    Returns:
        tuple[Tensor, Tensor]: the loss, and the share of images whose own caption wins.
    """
    logits = scale * F.normalize(images.float(), dim=-1) @ F.normalize(texts.float(), dim=-1).T
    same = (sets[:, None] == sets[None]) & ~torch.eye(len(sets), dtype=torch.bool)
    logits = logits.masked_fill(same, -1e4)
    own = torch.arange(len(logits))
    loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
    return loss, (logits.argmax(dim=1) == own).float().mean()


def _step(
    model: CLIP,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    tokens: Tensor,
    sets: Tensor,
    keep: float,
) -> tuple[float, float]:
    """Update the weights once; returns loss and accuracy of this process's batch."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        image_features = encode_image(model.visual, images, keep=keep)
        text_features = encode_text(model, tokens)
    scale = model.logit_scale.exp()
    loss, accuracy = contrastive_loss(image_features, text_features, scale, sets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    parameters = list(model.parameters())
    gradient = torch.cat([p.grad.reshape(-1) for p in parameters])
    dist.all_reduce(gradient)
    gradient /= dist.get_world_size()
    gradient *= min(1.0, 1.0 / (gradient.norm().item() + 1e-6))
    for p, g in zip(parameters, gradient.split([p.numel() for p in parameters]), strict=True):
        p.grad = g.view_as(p)
    optimizer.step()
    with torch.no_grad():
        model.logit_scale.clamp_(0, math.log(100))
    return loss.item(), accuracy.item()


def _optimizer(model: CLIP, lr: float) -> torch.optim.Optimizer:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    rest = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98), eps=1e-6, fused=True)


def _save(folder: Path, model: CLIP, optimizer: Any, progress: dict[str, float]) -> None:
    weights = {k: v.half().contiguous() for k, v in model.state_dict().items()}
    save_file(weights, folder / "storybook_clip.safetensors")
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "progress": progress}
    torch.save(state, folder / "checkpoint.unfinished.pt")
    (folder / "checkpoint.unfinished.pt").rename(folder / "checkpoint.pt")


def _restore(path: Path, model: CLIP, optimizer: Any, progress: dict[str, float]) -> None:
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    progress.update(state["progress"])


class _Curve:
    """Prints and writes the running mean of the loss, every 50 steps."""

    def __init__(self, args: argparse.Namespace, rank: int):
        self.path, self.rank = args.output / "loss.csv", rank
        self.pairs = args.batch * args.processes
        self.mean: tuple[float, float] | None = None
        if rank == 0 and not args.resume:
            self.path.write_text("step,pairs,minutes,loss,accuracy,scale\n")

    def add(self, progress: dict[str, float], loss: float, accuracy: float, scale: float) -> None:
        old = self.mean or (loss, accuracy)
        self.mean = (0.95 * old[0] + 0.05 * loss, 0.95 * old[1] + 0.05 * accuracy)
        step, seconds = int(progress["step"]), progress["seconds"]
        if self.rank or step % 50:
            return
        row = (step, step * self.pairs, seconds / 60, *self.mean, scale)
        with open(self.path, "a", newline="") as file:
            csv.writer(file).writerow(
                [f"{value:.4g}" if i > 1 else value for i, value in enumerate(row)]
            )
        names = ("step", "pairs", "minutes", "loss", "accuracy", "scale")
        print(*(f"{n} {v:.4g}" for n, v in zip(names, row, strict=True)), flush=True)


if __name__ == "__main__":
    main()

"""
The first stage of the training, from random weights: InfoNCE on crops and captions.

Every process runs one thread and its own batch; gradients are averaged. The schedule follows the
clock.
"""

import argparse
import math
import os
import time
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from clip_model import CLIP
from crops import Crops, cache_scenes
from freecp_d2.data.storybook.noise import Rng
from freecp_d2.text import CLIPTokenizer
from records import WEIGHTS, Curve, save_checkpoint, save_weights
from towers import encode_image, encode_text

CHECKPOINT = "contrastive.pt"


def train_contrastive(args: argparse.Namespace, size: dict[str, int]) -> None:
    """Train in `args.processes` processes; see `train.parse_args`."""
    rendezvous = args.output / f"rendezvous_{os.getpid()}"
    torch.multiprocessing.spawn(_train, (args, size, rendezvous), nprocs=args.processes)


def _train(rank: int, args: argparse.Namespace, size: dict[str, int], rendezvous: Path) -> None:
    """One process of the training."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{rendezvous.resolve()}", rank=rank, world_size=args.processes
    )
    tokenizer = CLIPTokenizer(str(args.output / "merges.txt.gz"), size["context_length"])
    torch.manual_seed(args.seed)
    model = CLIP(vocab_size=tokenizer.num_tokens, **size)
    optimizer = _optimizer(model, args.lr)
    progress = {"step": 0, "seconds": 0.0}
    if args.resume and (args.output / CHECKPOINT).exists():
        state = torch.load(args.output / CHECKPOINT, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        progress.update(state["progress"])
    torch.manual_seed(args.seed + 1000 * rank + progress["step"])
    stream = args.seed + 1000 * rank + 1_000_003 * int(progress["step"])  # resumed: another one
    chance = Rng(stream % 2**32)
    crops = Crops(*cache_scenes(args.output, args.scenes, 1), side=size["image_resolution"])
    clock, earlier = time.time(), progress["seconds"]
    curve = Curve(args.output / "loss.csv", every=50)
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
        if rank == 0:
            step = int(progress["step"])
            pairs = step * args.batch * args.processes
            seen = {"pairs": pairs, "minutes": progress["seconds"] / 60}
            scale = model.logit_scale.exp().item()
            curve.add(step, seen, {"loss": loss, "accuracy": accuracy, "scale": scale})
            if step % 250 == 0:
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
    InfoNCE in both directions; pairs that show the same set of classes are no negatives.

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
    """One update of the weights: loss and accuracy of this process's batch."""
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


def _save(
    folder: Path, model: CLIP, optimizer: torch.optim.Optimizer, progress: dict[str, float]
) -> None:
    save_weights(folder / WEIGHTS, model)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "progress": progress}
    save_checkpoint(folder / CHECKPOINT, state)

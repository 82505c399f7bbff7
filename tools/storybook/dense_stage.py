"""
The second stage of the training: dense self-distillation, in one process with one thread.

The schedule counts steps, and each step has its own random numbers: a run may be paused, stopped
and resumed, and gives the same weights.
"""

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from clip_model import CLIP
from crops import cache_scenes
from dense import Captions, Weights, dense_losses, follow, make_teacher
from freecp_d2.data.storybook.noise import Rng
from freecp_d2.text import CLIPTokenizer
from records import MERGES, WEIGHTS, Curve, save_checkpoint, save_weights
from towers import encode_text
from views import ViewBatch, Views

CHECKPOINT = "dense.pt"
SIDES = ((36, 100), (48, 128))
"""Of views in the scene, in pixels: a window of the benchmark shows 64 of them."""
WARM_UP = 100
COOL_DOWN = 0.4
"""Share of the steps, the last ones, in which the rate falls."""
OTHERS = 1024
"""Captions that each crop is compared with beside those of its batch."""
REVERSE_FROM = 0.35
"""Share of the steps after which patch tokens are good enough to teach crops."""


def train_dense(args: argparse.Namespace, size: dict[str, int], start: Path) -> None:
    """
    Continue the weights `start`, or the checkpoint in `args.output` with `args.resume`.

    The text tower and the logit scale stay as they are. What is written is the teacher, the moving
    average of the image tower.

    Args:
        args: see `train.parse_args`; the tokenizer's merges are in `args.output`.
        size: of the model.
    """
    torch.set_num_threads(1)
    tokenizer = CLIPTokenizer(str(args.output / MERGES), size["context_length"])
    model = CLIP(vocab_size=tokenizer.num_tokens, **size)
    model.load_state_dict({name: value.float() for name, value in load_file(start).items()})
    model.requires_grad_(False)
    model.visual.requires_grad_(True)
    teacher, optimizer = make_teacher(model), _optimizer(model, args.dense_lr)
    first, minutes = 0, 0.0
    if args.resume and (args.output / CHECKPOINT).exists():
        state = torch.load(args.output / CHECKPOINT, weights_only=True)
        for name, part in (("model", model), ("teacher", teacher), ("optimizer", optimizer)):
            part.load_state_dict(state[name])
        first, minutes = state["step"], state["minutes"]
    source = Views(
        *cache_scenes(args.output, args.scenes, 1),
        side=size["image_resolution"],
        patch=size["vision_patch_size"],
        boxes=args.boxes,
        sides=SIDES,
    )
    others = _captions(model, tokenizer, source.views(Rng(args.seed), OTHERS // args.boxes))
    curve = Curve(args.output / "dense.csv", every=25)
    earlier = minutes - time.process_time() / 60
    for step in range(first, args.steps):
        chance = Rng((args.seed * 7919 + step * 104729 + 1) % 2**32)
        torch.manual_seed(args.seed + step)
        done = step / args.steps
        for group in optimizer.param_groups:
            group["lr"] = args.dense_lr * rate(step, args.steps)
        batch = source.views(chance, args.views)
        weights = Weights(
            dense=args.dense_weight, reverse=args.reverse if done >= REVERSE_FROM else 0.0
        )
        keep = args.dense_keep if done < args.dense_full else 1.0
        captions = _captions(model, tokenizer, batch)
        crop_keep = min(1.0, args.crop_keep * keep)
        loss, parts = dense_losses(
            model, teacher, batch, captions, others, weights, keep, crop_keep
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.visual.parameters(), 1.0)
        optimizer.step()
        follow(teacher, model, step, args.decay)
        minutes = earlier + time.process_time() / 60
        curve.add(step + 1, {"views": (step + 1) * args.views, "minutes": minutes}, parts)
        if (step + 1) % args.save_every == 0 or step + 1 == args.steps:
            parts_of = {"model": model, "teacher": teacher, "optimizer": optimizer}
            state = {name: part.state_dict() for name, part in parts_of.items()}
            save_checkpoint(
                args.output / CHECKPOINT, state | {"step": step + 1, "minutes": minutes}
            )
            save_weights(args.output / WEIGHTS, teacher)
    print(f"done: {args.steps} steps, {minutes:.1f} minutes of one core", flush=True)


@torch.no_grad()
def _captions(model: CLIP, tokenizer: CLIPTokenizer, batch: ViewBatch) -> Captions:
    features = encode_text(model, tokenizer(batch.captions))
    return Captions(F.normalize(features, dim=-1), batch.sets)


def rate(step: int, steps: int) -> float:
    """The share of the learning rate: a warm-up, then constant, then down to 2 %."""
    return min(1.0, (step + 1) / WARM_UP, 0.02 + (1 - step / steps) / COOL_DOWN)


def _optimizer(model: CLIP, lr: float) -> torch.optim.Optimizer:
    parameters = list(model.visual.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": 0.05},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98), eps=1e-6, fused=True)

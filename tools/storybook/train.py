"""
Train the Storybook CLIP: OpenAI's architecture, captions and crops of drawn scenes, in two stages.

    python tools/storybook/train.py

goes from nothing to weights: InfoNCE (`contrastive_stage.py`), then dense self-distillation
(`dense_stage.py`).

    python tools/storybook/train.py --start storybook

skips the first stage and continues other weights, here the embedded ones, or a file. What is
written to `--output`: the model (`storybook_clip.safetensors`, fp16), its merges, checkpoints from
which `--resume` goes on, and the curves of the two stages (`loss.csv`, `dense.csv`).

With the defaults (seed 0) the first stage takes 95 minutes of two cores with bf16 and follows the
clock. The second takes about 65 minutes of one AVX-512 core in fp32, 1.8 seconds a step; it counts
steps, may be paused with SIGSTOP, and a checkpoint is never more than 50 steps old.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
import shutil
import time
from pathlib import Path

from captions import every_text
from contrastive_stage import train_contrastive
from crops import cache_scenes
from dense_stage import train_dense
from freecp_d2.checkpoint.catalogue import EMBEDDED_NAME, embedded_merges, embedded_weights
from merges import merges_for, write_merges
from records import MERGES, WEIGHTS

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
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    parser.add_argument("--output", type=Path, default=Path("output/storybook"))
    parser.add_argument("--start", help=f"weights to continue: a file, or {EMBEDDED_NAME}")
    parser.add_argument("--resume", action="store_true", help="from the checkpoints in --output")
    parser.add_argument("--scenes", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    first = parser.add_argument_group("first stage")
    first.add_argument("--minutes", type=float, default=95, help="after the drawing")
    first.add_argument("--processes", type=int, default=2, help="one thread each")
    first.add_argument("--batch", type=int, default=128, help="pairs in a batch of one process")
    first.add_argument("--lr", type=float, default=1e-3)
    first.add_argument("--keep", type=float, default=0.4, help="share of patches, until --full")
    first.add_argument("--full", type=float, default=0.8, help="share of the time, then all")
    dense = parser.add_argument_group("dense stage, in one process with one thread")
    dense.add_argument("--steps", type=int, default=1600, help="0: no dense stage")
    dense.add_argument("--views", type=int, default=32, help="of scenes, in a batch")
    dense.add_argument("--boxes", type=int, default=2, help="of a view")
    dense.add_argument("--dense-lr", type=float, default=5e-4)
    dense.add_argument("--dense-keep", type=float, default=0.5, help="until --dense-full")
    dense.add_argument("--dense-full", type=float, default=0.75, help="share of steps, then all")
    dense.add_argument(
        "--crop-keep", type=float, default=0.6, help="patches of a crop for one of a view"
    )
    dense.add_argument("--dense-weight", type=float, default=1.0, help="patches learn from crops")
    dense.add_argument("--reverse", type=float, default=0.5, help="weight: crops from patches")
    dense.add_argument("--decay", type=float, default=0.996, help="of the teacher's average")
    dense.add_argument("--save-every", type=int, default=50, help="steps")
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    clock = time.time()
    cache_scenes(args.output, args.scenes, args.processes)
    print(f"{args.scenes} scenes after {time.time() - clock:.0f} s", flush=True)
    if args.start:
        shutil.copyfile(embedded_merges(), args.output / MERGES)
        start = embedded_weights() if args.start == EMBEDDED_NAME else args.start
    else:
        write_merges(args.output / MERGES, merges_for(every_text()))
        train_contrastive(args, SIZE)
        start = args.output / "contrastive.safetensors"
        shutil.copyfile(args.output / WEIGHTS, start)
    if args.steps:
        train_dense(args, SIZE, Path(start))


if __name__ == "__main__":
    freecp.call(main)

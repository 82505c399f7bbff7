"""
Choose the two thresholds of FreeCP on Storybook's development images, not on the scored ones.

    python tools/storybook/sweep.py --processes 2

Prints the mIoU of RP-AP, mean over the methods (by default the paper's four), for every pair of
thresholds, the best pair, and the pair to take. Of the pairs within a point of the best, that is
the one with the highest redundancy threshold, so that both purifications contribute.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
from itertools import product
from pathlib import Path

import numpy as np
from tabulate import tabulate

from freecp_d2.apps.reproduce.tables import FURTHER_METHODS
from freecp_d2.engine.variants import Variant, count_pixels, variant_configs
from freecp_d2.evaluation.pixel_counts import mean_iou

REPO = Path(__file__).resolve().parents[2]
METHODS = ("maskclip", "gem", "clearclip", "sclip")
FURTHER = tuple(method for method in FURTHER_METHODS if method != "proxyclip")
"""With a config; ProxyCLIP's is in `examples/`."""
HEAD = "MODEL.PURIFICATION_HEAD"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    parser.add_argument("--redundancy", type=float, nargs="+", default=[0.02, 0.03, 0.05, 0.1])
    parser.add_argument("--ambiguity", type=float, nargs="+", default=[0.5, 0.6, 0.7])
    parser.add_argument("--methods", nargs="+", choices=METHODS + FURTHER, default=METHODS)
    parser.add_argument("--dataset", default="freecp_storybook_wide_dev")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=int, help="use only the first LIMIT images")
    parser.add_argument("opts", nargs="*", help="KEY VALUE pairs for every run")
    args = parser.parse_args()
    pairs = list(product(args.redundancy, args.ambiguity))
    variants = [
        Variant(
            f"{redundancy} {ambiguity}",
            (f"{HEAD}.REDUNDANCY.THRESH", redundancy, f"{HEAD}.AMBIGUITY.THRESH", ambiguity),
        )
        for redundancy, ambiguity in pairs
    ]
    files = {m: str(REPO / "configs" / "storybook" / f"{m}_freecp.yaml") for m in args.methods}
    opts = ("DATASETS.TEST", f'("{args.dataset}",)', *args.opts)
    configs = variant_configs(files, variants, opts)
    counts = count_pixels(configs, processes=args.processes, limit=args.limit)
    scores = np.array(
        [
            [float(mean_iou(counts[method, variant.name].sum(axis=0))) for variant in variants]
            for method in args.methods
        ]
    )
    mean = scores.mean(axis=0).reshape(len(args.redundancy), -1)
    print(f"mIoU of RP-AP on {args.dataset}, mean over {', '.join(args.methods)}:")
    rows = [[tau, *row] for tau, row in zip(args.redundancy, mean.tolist(), strict=True)]
    print(
        tabulate(
            rows,
            headers=["tau_r \\ tau_a", *args.ambiguity],
            floatfmt=["g", *[".2f"] * len(args.ambiguity)],
            tablefmt="pipe",
        )
    )
    best = int(scores.mean(axis=0).argmax())
    print("Best: REDUNDANCY.THRESH {}, AMBIGUITY.THRESH {}".format(*pairs[best]))
    close = [i for i, value in enumerate(mean.flat) if value >= mean.max() - 1]
    chosen = max(close, key=lambda i: (pairs[i][0], mean.flat[i]))
    print("To take: REDUNDANCY.THRESH {}, AMBIGUITY.THRESH {}".format(*pairs[chosen]))
    for method, row in zip(args.methods, scores, strict=True):
        print(f"  {method}: {row[best]:.2f} there, {row.max():.2f} with its own best pair")


if __name__ == "__main__":
    freecp.call(main)

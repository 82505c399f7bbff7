"""
Print confidence intervals of the differences on the 150 images of Storybook.

    python tools/quickstart.py --limit 0 && python tools/storybook/bootstrap.py

Reads the pixel counts that the quickstart wrote, and prints for each base method the differences
between the variants, with the interval of the paired bootstrap over images.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
from pathlib import Path

import numpy as np
from tabulate import tabulate

from freecp_d2.evaluation.bootstrap import paired_bootstrap
from freecp_d2.evaluation.pixel_counts import load_counts

REPO = Path(__file__).resolve().parents[2]

COMPARISONS = (
    ("alone", "refined, all words"),
    ("alone", "refined, GT words"),
    ("refined, all words", "RP"),
    ("alone", "RP"),
    ("RP", "RP-AP"),
    ("AP", "RP-AP"),
    ("AP-RP", "RP-AP"),
    ("alone", "RP-AP"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    parser.add_argument("--counts", type=Path, default=REPO / "output/quickstart/counts.npz")
    parser.add_argument("--repetitions", type=int, default=5000)
    parser.add_argument("--level", type=float, default=0.95)
    args = parser.parse_args()
    counts = load_counts(args.counts)
    methods = list(dict.fromkeys(method for method, _ in counts))
    rows = []
    for first, second in COMPARISONS:
        cells, differences = [], []
        for method in methods:
            found = paired_bootstrap(
                counts[method, first],
                counts[method, second],
                repetitions=args.repetitions,
                level=args.level,
            )
            cells.append(str(found))
            differences.append(found.difference)
        rows.append([f"{second} - {first}", *cells, f"{np.mean(differences):+.1f}"])
    pages = len(next(iter(counts.values())))
    print(f"mIoU points [{100 * args.level:g} % interval], paired bootstrap over {pages} pages:")
    print(tabulate(rows, headers=["", *methods, "mean"], tablefmt="pipe"))


if __name__ == "__main__":
    freecp.call(main)

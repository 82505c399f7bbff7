"""
Compare finished evaluations of the same images: mIoU, and the interval of the difference.

    python tools/compare_runs.py output/ade20k/sclip output/ade20k/sclip_freecp

The arguments are OUTPUT_DIRs; all are compared with the first. The interval is that of the paired
bootstrap over images, which are read from OUTPUT_DIR/partial.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tabulate import tabulate

from freecp_d2.evaluation.bootstrap import paired_bootstrap
from freecp_d2.evaluation.pixel_counts import counts_of_run, mean_iou


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="OUTPUT_DIR")
    parser.add_argument("--level", type=float, default=0.95)
    args = parser.parse_args(argv)
    if len(args.runs) < 2:
        parser.error("name two folders or more.")
    sets = [{path.parent.name for path in _matrices(run)} for run in args.runs]
    for run, names in zip(args.runs, sets, strict=True):
        if not names:
            parser.error(f"{run} has no inference/*/confusion_matrix.npy; is it an OUTPUT_DIR?")
    datasets = sorted(set.intersection(*sets))
    if not datasets:
        parser.error(f"no data set is in all runs: {'; '.join(map(str, map(sorted, sets)))}")
    for dataset in datasets:
        print(f"{dataset}:\n{compare(args.runs, dataset, args.level)}")


def _matrices(run: Path) -> list[Path]:
    return sorted(run.glob("inference/*/confusion_matrix.npy"))


def compare(runs: Sequence[Path], dataset: str, level: float) -> str:
    """A table with a row for each run."""
    found = [counts_of_run(run, dataset) for run in runs]
    for run, images in zip(runs[1:], found[1:], strict=True):
        if images.keys() != found[0].keys():
            raise SystemExit(
                f"{run} has {len(images)} images and {runs[0]} has {len(found[0])}, of which "
                f"{len(images.keys() & found[0].keys())} are the same; evaluate both on the same "
                "images."
            )
    arrays = [np.stack([images[name] for name in sorted(images)]) for images in found]
    rows = []
    for run, counts in zip(runs, arrays, strict=True):
        row = [str(run), float(mean_iou(counts.sum(axis=0)))]
        if counts is not arrays[0]:
            row.append(str(paired_bootstrap(arrays[0], counts, level=level)))
        rows.append(row)
    headers = [f"{len(arrays[0])} images", "mIoU", f"- first [{100 * level:g} %]"]
    return tabulate(rows, headers, tablefmt="pipe", floatfmt=".1f")


if __name__ == "__main__":
    freecp.call(main)

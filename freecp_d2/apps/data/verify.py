"""
Verify the files of the benchmarks in full, and name what is wrong with them.

    python datasets/verify.py
    python datasets/verify.py voc21 coco_object --report output/datasets.json

Every image and label is decoded, and the classes are counted: a wrong number of images, damaged and
missing files, unequal sizes, and labels of another convention (shifted, in another order, without
unlabelled pixels) are all listed, with what to do. Benchmarks that are not there are listed as not
found. The exit status is 0 if nothing is wrong, and 1 if anything is, if a benchmark that was named
is not there, or if none is.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from ...data import BENCHMARKS, datasets_root
from ...data.benchmark import Benchmark
from ...data.verification import (
    Verification,
    not_found_text,
    report_data,
    report_text,
    summary_text,
    verify_benchmark,
)
from ...utils.files import write_whole


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").strip(), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(BENCHMARKS)}, or freecp_<name>_val; default: all that are there",
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        help="the folder of all datasets; default: $DETECTRON2_DATASETS, else ./datasets",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", default=os.cpu_count() or 1, help="default: all CPUs"
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE.json", help="write everything, histograms as well"
    )
    return parser


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Arguments whose mistakes should not show after minutes of decoding."""
    parser = build_parser()
    args = parser.parse_args(argv)
    keys = {name: row.key for row in BENCHMARKS.values() for name in (row.key, row.name)}
    if unknown := [name for name in args.names if name not in keys]:
        parser.error(f"no benchmark {', '.join(unknown)}; take some of {', '.join(BENCHMARKS)}")
    if args.workers < 1:
        parser.error(f"--workers {args.workers}, expected 1 or more")
    if args.report and not args.report.parent.is_dir():
        parser.error(f"--report {args.report}: there is no folder {args.report.parent}; create it")
    args.keys = list(dict.fromkeys(keys[name] for name in args.names))
    return args


def main(argv: Sequence[str] | None = None, write: Callable[[str], None] = print) -> int:
    """Verify, write a text, and return the exit status."""
    args = parse_args(argv)
    root = args.root or datasets_root()
    results: list[Verification] = []
    missing: dict[str, str] = {}
    for benchmark in [BENCHMARKS[key] for key in args.keys or BENCHMARKS]:
        try:
            results.append(_verify(benchmark, root, args.workers))
        except FileNotFoundError as error:
            missing[benchmark.name] = not_found_text(benchmark, error)
        else:
            write(report_text(results[-1]) + "\n")
    write("\n".join([*missing.values(), summary_text(results, len(missing))]))
    if not results:
        write("Set DETECTRON2_DATASETS, or --root, to the folder that has the datasets.")
    if args.report:
        data = {
            "root": os.path.abspath(root),
            "benchmarks": [report_data(result) for result in results],
            "not_found": missing,
        }
        write_whole(args.report, (json.dumps(data, indent=1) + "\n").encode())
    wanted_missing = bool(args.names and missing) or not results
    return int(wanted_missing or any(result.findings for result in results))


def _verify(benchmark: Benchmark, root: str, num_workers: int) -> Verification:
    def progress(items: Iterable, total: int) -> Iterable:
        return tqdm(items, benchmark.name, total, unit="image", leave=False, disable=None)

    return verify_benchmark(benchmark, root, num_workers, progress)

"""
Compare automatic with fixed thresholds, for a vocabulary with more and more distractors.

    python tools/compare_thresholds.py --output-dir output/compare_thresholds --processes 2

Segments Storybook with its scored words alone (1x) and with distractors that are on no page (2x,
5x, 10x; those of `distractors.py`): with the base method alone, with every pair of a grid of fixed
thresholds, and with both or one of the thresholds automatic. Needs no weights and no data. Prints a
Markdown table of mIoU and writes it, with all measurements, to results.json. The best fixed pair is
chosen with the labels, which "auto" does not use.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
import json
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, product
from pathlib import Path

import torch
from distractor_words import KINDS, widened_config
from tabulate import tabulate

from freecp_d2.engine.variants import Variant, count_pixels, variant_configs
from freecp_d2.evaluation.pixel_counts import mean_iou
from freecp_d2.utils.files import write_whole
from freecp_d2.utils.processes import children_end_on_interrupt, interrupts_blocked

METHODS = ("maskclip", "gem", "clearclip", "sclip")
HEAD = "MODEL.PURIFICATION_HEAD"


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    parser.add_argument("--output-dir", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=["sclip"])
    parser.add_argument("--widths", type=int, nargs="+", default=[1, 2, 5, 10])
    parser.add_argument("--kind", choices=KINDS, default="far", help="of the distractors")
    parser.add_argument("--redundancy", type=float, nargs="+", default=[0.01, 0.03, 0.1])
    parser.add_argument("--ambiguity", type=float, nargs="+", default=[0.3, 0.5, 0.7])
    parser.add_argument("--split", choices=("val", "dev"), default="val")
    parser.add_argument("--limit", type=int, help="only the first LIMIT pages")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("opts", nargs="*", help="KEY VALUE pairs for every run")
    args = parser.parse_args(argv)
    numbers = [*args.widths, args.processes, 1 if args.limit is None else args.limit]
    if min(numbers) < 1:
        parser.error("--widths, --processes and --limit are numbers from 1 on.")
    return args


def variants(args: argparse.Namespace) -> list[Variant]:
    """The rows: no purification, fixed pairs, both automatic, only one of them."""
    pairs: list[tuple[float | str, float | str]] = list(product(args.redundancy, args.ambiguity))
    pairs += [("auto", "auto"), ("auto", "config"), ("config", "auto")]
    rows = [Variant("base method alone", (f"{HEAD}.NAME", "")), Variant("config config", ())]
    for redundancy, ambiguity in pairs:
        given = {"REDUNDANCY": redundancy, "AMBIGUITY": ambiguity}
        keys = [
            (f"{HEAD}.{name}.{'MODE' if tau == 'auto' else 'THRESH'}", tau)
            for name, tau in given.items()
            if tau != "config"
        ]
        rows.append(Variant(f"{redundancy} {ambiguity}", tuple(chain.from_iterable(keys))))
    return rows


def measure(args: argparse.Namespace, method: str, width: int) -> dict[str, float]:
    """Variant -> mIoU over the scored words, percent."""
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // args.processes))
    file = f"storybook/{method}_freecp"
    split = ("DATASETS.TEST", f'("freecp_storybook_{args.split}",)')
    folder = args.output_dir / f"{args.kind}_{width}x"
    widened = widened_config(
        file, [*split, *args.opts], kind=args.kind, width=width, seed=0, output_dir=folder
    )
    test, words = str(widened.DATASETS.TEST), widened.MODEL.TEXT.VOCABULARY
    opts = (*args.opts, "DATASETS.TEST", test, "MODEL.TEXT.VOCABULARY", words)
    configs = variant_configs({method: file}, variants(args), opts)
    counts = count_pixels(configs, limit=args.limit)
    return {name: float(mean_iou(found.sum(axis=0))) for (_, name), found in counts.items()}


def measure_all(args: argparse.Namespace) -> dict[str, dict[str, list[float]]]:
    """Method -> variant -> mIoU at each width; processes share the (method, width) pairs."""
    tasks = list(product(args.methods, sorted(args.widths, reverse=True)))  # the longest first
    found: dict[tuple[str, int], dict[str, float]] = {}
    if args.processes == 1:
        found = {task: measure(args, *task) for task in tasks}
    else:
        # Spawned, so that they do not inherit threads and registries.
        spawn = multiprocessing.get_context("spawn")
        with (
            ProcessPoolExecutor(args.processes, mp_context=spawn) as pool,
            children_end_on_interrupt(),
        ):
            with interrupts_blocked():
                running = {task: pool.submit(measure, args, *task) for task in tasks}
            found = {task: future.result() for task, future in running.items()}
    return {
        method: {
            variant.name: [found[method, width][variant.name] for width in args.widths]
            for variant in variants(args)
        }
        for method in args.methods
    }


def rows_of(args: argparse.Namespace, scores: dict[str, list[float]]) -> dict[str, list[float]]:
    """The rows of the table of one method; title -> mIoU at each width."""
    pairs = [f"{r} {a}" for r, a in product(args.redundancy, args.ambiguity)]
    first = max(pairs, key=lambda pair: scores[pair][0])
    return {
        "base method alone": scores["base method alone"],
        "the config's pair": scores["config config"],
        f"fixed, best at {args.widths[0]}x: {first}": scores[first],
        "fixed, the best of each width": [
            max(column) for column in zip(*(scores[pair] for pair in pairs), strict=True)
        ],
        "auto, auto": scores["auto auto"],
        "auto, the config's": scores["auto config"],
        "the config's, auto": scores["config auto"],
    }


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    scores = measure_all(args)
    tables = {method: rows_of(args, scores[method]) for method in args.methods}
    rows = [
        [method, title, *values]
        for method, table in tables.items()
        for title, values in table.items()
    ]
    headers = ["base method", "tau_r, tau_a", *(f"{width}x" for width in args.widths)]
    print(tabulate(rows, headers=headers, floatfmt=".1f", tablefmt="pipe"))
    record = {
        "split": args.split,
        "kind": args.kind,
        "limit": args.limit,
        "widths": args.widths,
        "opts": args.opts,
        "table": tables,
        "scores": scores,
    }
    args.output_dir.mkdir(parents=True, exist_ok=True)
    write_whole(args.output_dir / "results.json", json.dumps(record, indent=1).encode())


if __name__ == "__main__":
    freecp.call(main)

"""
Measure base methods alone and with FreeCP while the words of a benchmark are widened.

    python tools/distractors.py --config storybook/sclip_freecp --output-dir output/distractors
    python tools/distractors.py --config ade20k/sclip_freecp --config ade20k/maskclip_freecp \\
        --output-dir output/distractors --num-gpus 8 --resume TEST.NUM_IMAGES 200

--config takes configs with FreeCP; each is also evaluated without purification. At width w a
benchmark of K classes has w * K words: its own and (w - 1) * K distractors, which are "near"
(confusable with a class, `word_lists/near.txt`), "far" (`far.txt`) or
"mixed". No pixel has their label, so that mIoU is the mean over the same classes at each width.

Writes `distractors.png`, `distractors.csv` and the evaluations, each with its words. The columns
are percent: recall and precision of the words with a pixel in the label map, and RP_recall and
RP_precision of those that redundancy purification keeps. They count pairs of an image and a word
(`purification.py`) and are means over --seeds, which choose the distractors. --resume skips
evaluations that are done.
"""

import freecp

if __name__ == "__main__":
    freecp.exit_on_interrupt()  # while torch is imported

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import distractor_words
import numpy as np
from tabulate import tabulate

from freecp_d2.apps.options import print_error
from freecp_d2.d2 import CfgNode, default_argument_parser
from freecp_d2.engine import (
    add_import_argument,
    build_model_in_turn,
    check_num_processes,
    check_run,
    evaluate,
    import_plugins,
    launch_processes,
)
from freecp_d2.evaluation.charts import Line, Panel, draw_line_charts
from freecp_d2.evaluation.confusion import words_of_images
from freecp_d2.evaluation.partial import results_of_run
from freecp_d2.modeling.outputs import has_background
from freecp_d2.modeling.text_head import vocabulary_from_config
from freecp_d2.text import Vocabulary
from freecp_d2.utils.errors import USER_ERRORS
from freecp_d2.utils.files import write_whole

HEAD = "MODEL.PURIFICATION_HEAD.NAME"
COLUMNS = ("mIoU", "recall", "precision", "RP_recall", "RP_precision")


class Run(NamedTuple):
    """One evaluation; `kind` is "" at width 1, which has no distractors."""

    config: str
    purified: bool
    kind: str
    width: int
    seed: int

    @property
    def method(self) -> str:
        """The base method's name in tables: that of its config."""
        return Path(self.config).stem.removesuffix("_freecp")

    @property
    def folder(self) -> str:
        own = self.config.replace("/", "_").replace(".yaml", "")
        words = f"{self.kind}_{self.width}x_seed{self.seed}" if self.kind else "own_words"
        return f"{own}/{words}/{'freecp' if self.purified else 'alone'}"


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--config", action="append", required=True, help="a config with FreeCP; may be repeated"
    )
    parser.add_argument("--output-dir", type=Path, required=True)
    for name, default in (("--widths", "1,2,5,10"), ("--kinds", "near,far"), ("--seeds", "0")):
        parser.add_argument(name, default=default, help=f"separated by commas; default: {default}")
    parser.add_argument("--num-gpus", type=int, default=1, help="processes, as in train_net.py")
    parser.add_argument("--resume", action="store_true")
    add_import_argument(parser)
    parser.add_argument("opts", nargs="*", metavar="KEY VALUE", help="config keys; must come last")
    args = parser.parse_intermixed_args(argv)
    args.kinds = args.kinds.split(",")
    try:
        args.widths = sorted({int(width) for width in args.widths.split(",")})
        args.seeds = [int(seed) for seed in args.seeds.split(",")]
    except ValueError as error:
        parser.error(f"--widths and --seeds are whole numbers: {error}")
    if args.widths[0] < 1 or not set(args.kinds) <= set(distractor_words.KINDS):
        parser.error(
            f"--widths {args.widths} and --kinds {args.kinds}, expected numbers from 1 on and some "
            f"of {', '.join(distractor_words.KINDS)}."
        )
    return args


def plan(args: argparse.Namespace) -> list[Run]:
    """All evaluations; width 1 once for all kinds and seeds."""
    runs = []
    for config, width, purified in product(args.config, args.widths, (False, True)):
        words = [("", 0)] if width == 1 else product(args.kinds, args.seeds)
        runs += [Run(config, purified, kind, width, seed) for kind, seed in words]
    return runs


def configure(run: Run, args: argparse.Namespace) -> CfgNode:
    """The config of a run; called in each process, because it registers the dataset."""
    opts = ["TEST.LABEL_MAP", "True", "TEST.ORACLES", "False", *args.opts]
    return distractor_words.widened_config(
        run.config,
        opts if run.purified else [*opts, HEAD, ""],
        kind=run.kind,
        width=run.width,
        seed=run.seed,
        output_dir=args.output_dir / run.folder,
    )


def check(run: Run, cfg: CfgNode, vocabulary: Vocabulary, seeds: Sequence[int]) -> None:
    """Raise ValueError or OSError for what cannot run; data and weights with the first seed."""
    if run.purified and not cfg.MODEL.PURIFICATION_HEAD.NAME:
        raise ValueError(f'{run.config} has {HEAD} ""; give a config with FreeCP.')
    if not run.kind or run.seed == seeds[0]:
        check_run(cfg)
    if not run.kind:
        names = distractor_words.foreground_names(cfg, vocabulary)
        missing = distractor_words.classes_without_near_words(vocabulary, names)
        if missing and run.purified:
            print(
                f"{run.config}: {len(missing)} of {vocabulary.num_classes} classes have no row in "
                f"near.txt; their near words are qualified names: {', '.join(missing[:5])}"
            )


def run_one(args: argparse.Namespace) -> None:
    """One process of one evaluation."""
    import_plugins(args.imports)
    cfg = configure(args.run, args)
    evaluate(cfg, build_model_in_turn(cfg), resume=args.resume)


def read_run(folder: Path, num_background: int) -> dict[str, float]:
    """The `COLUMNS` of a finished evaluation; RP's only where there is purification."""
    (results,) = json.loads((folder / "results.json").read_text())["results"].values()
    scores = results["sem_seg"]
    num_classes = sum(key.startswith("IoU-") for key in scores)
    images = {stored.image: stored.result.counts for stored in results_of_run(folder)}
    recall, precision = words_of_images(images.values(), num_classes, num_background=num_background)
    own = {name: scores.get(f"{name}_image") for name in ("RP_recall", "RP_precision")}
    found = {"mIoU": scores["mIoU"], "recall": recall, "precision": precision, **own}
    return {name: value for name, value in found.items() if value is not None}


Table = dict[tuple[str, bool, str], dict[int, dict[str, float]]]
"""(method's config, purified, kind) -> width -> column -> mean over the seeds."""


def tabulate_runs(args: argparse.Namespace, found: Mapping[Run, Mapping[str, float]]) -> Table:
    table: Table = {}
    for config, purified, kind in product(args.config, (False, True), args.kinds):
        rows = table.setdefault((config, purified, kind), {})
        for width in args.widths:
            same = [
                values
                for run, values in found.items()
                if run[:2] == (config, purified) and run.width == width and run.kind in ("", kind)
            ]
            rows[width] = {
                name: float(np.mean([values[name] for values in same]))
                for name in COLUMNS
                if all(name in values for values in same)
            }
    return table


def draw(args: argparse.Namespace, table: Table) -> bytes:
    """mIoU, recall and precision against width; dashed: alone; dotted: words that RP keeps."""
    colors = ["#1f5fa8", "#c8501e", "#3a8f4d", "#8a4fa3", "#b08a00", "#5b6b73"]
    names, panels = list(product(args.config, args.kinds)), []
    ticks = {width: str(width) for width in args.widths}
    for column in COLUMNS[:3]:
        lines = []
        for (config, purified, kind), rows in table.items():
            color = colors[names.index((config, kind)) % len(colors)]
            label = f"{Run(config, purified, kind, 1, 0).method}, {kind}"
            for name, style, suffix in (
                (column, "o-" if purified else "o--", " + FreeCP" if purified else ""),
                (f"RP_{column}", "o:", ": RP"),
            ):
                ys = [values[name] for values in rows.values() if name in values]
                if len(ys) == len(rows):
                    lines.append(Line(label + suffix, args.widths, ys, style=style, color=color))
        panels.append(Panel("width", f"{column}, %", lines, is_log=True, ticks=ticks))
    title = "width: words, times the benchmark's; dashed: base method alone; dotted: words of RP"
    return draw_line_charts(panels, title=title)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    runs, found, backgrounds = plan(args), {}, {}
    try:
        check_num_processes(args.num_gpus)
        import_plugins(args.imports)
        for run in runs:  # all words and data before the first evaluation
            cfg = configure(run, args)
            words = vocabulary_from_config(cfg)
            check(run, cfg, words, args.seeds)
            backgrounds[run] = int(has_background(words, cfg.MODEL.TEXT.BACKGROUND))
    except USER_ERRORS as error:
        print_error(error)
        return 2
    options = vars(default_argument_parser().parse_args(["--dist-url", "auto"])) | vars(args)
    for number, run in enumerate(runs, start=1):
        launch_processes(run_one, argparse.Namespace(**options, run=run))
        found[run] = read_run(args.output_dir / run.folder, backgrounds[run])
        shown = ", ".join(f"{name} {value:.1f}" for name, value in found[run].items())
        print(f"{number}/{len(runs)} {run.folder}: {shown}", flush=True)
    table = tabulate_runs(args, found)
    rows = [
        [Run(config, purified, kind, width, 0).method, purified, kind, width]
        + [round(values.get(name, float("nan")), 2) for name in COLUMNS]
        for (config, purified, kind), widths in table.items()
        for width, values in widths.items()
    ]
    headers = ["method", "FreeCP", "distractors", "width", *COLUMNS]
    print(tabulate(rows, headers, tablefmt="github", floatfmt=".1f"))
    with open(args.output_dir / "distractors.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([headers, *rows])
    write_whole(args.output_dir / "distractors.png", draw(args, table))
    return 0


if __name__ == "__main__":
    freecp.call(main)

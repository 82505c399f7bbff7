"""
Run the paper's Tab. 1 to 3 in small, on the embedded benchmark Storybook.

    freecp quickstart

Evaluates four base methods alone, refined, and purified, on drawn pages with a small CLIP that was
trained on such pages. Prints the tables and writes `index.html` (a gallery), `results.json` and
`counts.npz` to output/quickstart.
"""

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate
from torch.multiprocessing.spawn import ProcessExitedException

from ..d2 import BACKEND, CfgNode, DatasetCatalog, MetadataCatalog, detection_utils
from ..data.mapper import FreeCPDatasetMapper
from ..data.storybook.classes import SCORED
from ..engine.variants import VARIANTS, VariantsModel, count_pixels, variant_configs
from ..evaluation.bootstrap import Interval, paired_bootstrap
from ..evaluation.pixel_counts import mean_iou, pixel_accuracy, save_counts
from ..modeling.purification.diagnosis import summarise_diagnoses
from ..utils.errors import USER_ERRORS
from ..utils.files import printable, write_whole
from ..version import __version__
from ..visualization.html.page import render_page
from ..visualization.html.page_content import (
    Column,
    Gallery,
    Note,
    Page,
    PageImage,
    Results,
    Row,
    Scores,
)
from .options import add_device_argument, device_opts, print_error, program_name
from .reproduce.tables import METHODS

NAMES = [variant.name for variant in VARIANTS]
LEAD = (
    "FreeCP labels every pixel of an image with words of your choice, with a CLIP that was not "
    "trained for it. It first removes the words that are not in the image, then lets the words "
    "that claim the same place compete for it. It needs no training.",
    "Here it runs on Storybook, a picture book whose pages are drawn by a program, so that the "
    "right word of every pixel is known, with a tiny CLIP that was trained on such pages.",
)
NOTES = (
    Note(
        "What this shows, and what it does not",
        (
            "Every step of the method runs as it does with real weights, with a smaller network "
            "and other images.",
            "It is no evidence about photographs. The drawings are simple, the network is far "
            "smaller than those in use and saw nothing else. No number here can be compared with "
            "the paper's, which are of real weights and real benchmarks.",
            "The CLIP has 2.5 million parameters. It was trained on 839,424 pairs of a crop and a "
            "caption, then so that its patches agree with crops, never on labels of pixels. The "
            "two thresholds were chosen on 30 other pages. docs/STORYBOOK.md has the commands and "
            "the differences to the paper.",
        ),
    ),
)
Counts = Mapping[tuple[str, str], np.ndarray]


def tabulate_results(counts: Counts) -> Results:
    """The page's results: one row for each method, one column for each variant."""
    methods = dict.fromkeys(method for method, _ in counts)
    rows = []
    for method in methods:
        gain = paired_bootstrap(counts[method, "alone"], counts[method, "RP-AP"])
        scores = tuple(_scores(counts[method, name]) for name in NAMES)
        rows.append(Row(method, scores, (gain.difference, gain.low, gain.high)))
    columns = [Column(f"+ {name}" if name.isupper() else name, "GT" in name) for name in NAMES]
    return Results(tuple(columns), tuple(rows), len(next(iter(counts.values()))))


def _scores(pages: np.ndarray) -> Scores:
    """Scores in percent of counts (I, 3, K)."""
    stuff, things = ([i for i, c in enumerate(SCORED) if c.is_thing == k] for k in (False, True))
    total = pages.sum(axis=0)
    means = mean_iou(total), pixel_accuracy(total), mean_iou(total, stuff), mean_iou(total, things)
    return Scores(*map(float, means))


def print_tables(results: Results) -> None:
    """mIoU of the variants, then the gain of FreeCP for each method and measure."""
    headers = ["mIoU", *(column.title for column in results.columns)]
    values = np.array([[scores.miou for scores in row.scores] for row in results.rows])
    names = [*(row.method for row in results.rows), "mean"]
    rows = [*values.tolist(), values.mean(axis=0).tolist()]
    table: list[list] = [[name, *row] for name, row in zip(names, rows, strict=True)]
    print(tabulate(table, headers=headers, tablefmt="pipe", floatfmt=".1f"))
    table = []
    for row in results.rows:
        first, last, gain = row.scores[0], row.scores[-1], Interval(*row.gain)
        pairs = [(getattr(first, k), getattr(last, k)) for k in list(vars(first))[1:]]
        table.append([row.method, str(gain), *(f"{a:.1f} -> {b:.1f}" for a, b in pairs)])
    headers = ["alone -> RP-AP", "mIoU [95 %]", "pixel accuracy", "mIoU of stuff", "of things"]
    print("\n" + tabulate(table, headers=headers, tablefmt="pipe") + "\n")


def choose_pages(counts: Counts, num_pages: int) -> list[int]:
    """The page with SCLIP's median gain of pixel accuracy, then evenly spaced pages."""
    alone, purified = (counts["SCLIP", name] for name in ("alone", "RP-AP"))
    gains = [pixel_accuracy(b) - pixel_accuracy(a) for a, b in zip(alone, purified, strict=True)]
    median = int(np.argsort(gains, kind="stable")[len(gains) // 2])
    spaced = range(0, len(gains), max(1, len(gains) // num_pages))
    return list(dict.fromkeys([median, *spaced]))[:num_pages]


def draw_gallery(configs: Mapping[tuple[str, str], CfgNode], pages: Sequence[int]) -> Gallery:
    """SCLIP alone and with FreeCP on those pages, with the decisions of FreeCP."""
    shown = {name: configs["SCLIP", name] for name in ("alone", "RP-AP")}
    model = VariantsModel({("SCLIP", name): cfg for name, cfg in shown.items()}).eval()
    (dataset,) = shown["RP-AP"].DATASETS.TEST
    records = DatasetCatalog.get(dataset)
    mapper = FreeCPDatasetMapper(shown["RP-AP"], False)
    images = []
    for record in (records[page] for page in pages):
        inputs = [mapper(record)]
        (labels,) = model(inputs)
        (diagnoses,) = model.variants["SCLIP", "RP-AP"].diagnose(inputs)
        images.append(
            PageImage(
                f"Page {record['image_id']}",
                detection_utils.read_image(record["file_name"], "RGB"),
                {
                    "SCLIP alone": labels["SCLIP", "alone"].numpy(),
                    "SCLIP + FreeCP": labels["SCLIP", "RP-AP"].numpy(),
                },
                detection_utils.read_image(record["sem_seg_file_name"], "L").squeeze(),
                summarise_diagnoses(diagnoses),
            )
        )
    metadata = MetadataCatalog.get(dataset)
    return Gallery(tuple(metadata.stuff_classes), tuple(metadata.stuff_colors), tuple(images))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    add: Any = parser.add_argument
    folder = "a folder; default: %(default)s"
    add("--output", type=Path, default=Path("output/quickstart"), metavar="DIR", help=folder)
    add_device_argument(parser)
    number = min(2, os.cpu_count() or 1)
    gpus = "processes, one a GPU if there are any; default: %(default)s"
    names = ("--num-gpus", "--processes")
    add(*names, dest="processes", type=int, default=number, metavar="N", help=gpus)
    limit = "evaluate the first N pages; 0: all 150; default: 30"
    add("--limit", type=int, default=30, metavar="N", help=limit)
    add("--gallery", type=int, default=9, metavar="N", help="pages in the gallery; default: 9")
    keys = "config keys of every run; must come last"
    add("opts", nargs="*", metavar="KEY VALUE", help=keys)
    args = parser.parse_args(argv)
    args.opts = [*device_opts(args), *args.opts]
    args.argv = list(sys.argv[1:] if argv is None else argv)
    try:
        _run(args)
    except USER_ERRORS as error:
        print_error(error)
        sys.exit(1)
    except ProcessExitedException:  # the process has printed why
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nInterrupted; the same command starts again.", file=sys.stderr)
        sys.exit(130)


def _run(args: argparse.Namespace) -> None:
    start = time.time()
    print("FreeCP on drawn pages, with a small CLIP trained on such pages: an illustration, no")
    print("evidence about photographs. Four methods, seven variants each; this takes minutes.\n")
    args.output.mkdir(parents=True, exist_ok=True)
    files = {name: f"storybook/{method}_freecp" for method, name in METHODS.items()}
    configs = variant_configs(files, opts=args.opts)
    counts = count_pixels(configs, processes=args.processes, limit=args.limit or None)
    save_counts(args.output / "counts.npz", counts)
    results = tabulate_results(counts)
    print_tables(results)
    scores = {
        row.method: dict(zip(NAMES, map(vars, row.scores), strict=True)) for row in results.rows
    }
    record = {"host": BACKEND, "pages": results.num_images, "results": scores}
    (args.output / "results.json").write_text(json.dumps(record, indent=2) + "\n")
    gallery = draw_gallery(configs, choose_pages(counts, args.gallery))
    head = configs["SCLIP", "RP-AP"].MODEL.PURIFICATION_HEAD
    facts = {
        "Command": printable(f"{program_name()} {shlex.join(args.argv)}"),
        "Made": f"{date.today()}, freecp_d2 {__version__}, {time.time() - start:.0f} s",
        "Thresholds": f"redundancy {head.REDUNDANCY.THRESH}, ambiguity {head.AMBIGUITY.THRESH}; "
        "chosen on other pages, one pair for all methods",
        "Gallery": "first the page with the median gain of pixel accuracy, then pages evenly "
        f"spread over the {results.num_images} evaluated",
    }
    page = Page(
        kicker="FreeCP on Storybook",
        title="First the words, then the pixels",
        lead=LEAD,
        gallery=gallery,
        results=results,
        notes=NOTES,
        facts=tuple(facts.items()),
    )
    path = args.output / "index.html"
    write_whole(path, render_page(page).encode())
    print(f"Chart and gallery: {path}\nNumbers: results.json, counts.npz beside it.")
    print(f"{time.time() - start:.0f} s.")

"""
The command `freecp data`: prepare or verify the files of the benchmarks.

    freecp data prepare pascal_context
    python datasets/prepare_coco_object.py --source /data/stuffthingmaps/val2017

`prepare` converts annotations into label files of train ids. A repeated command continues where the
last one stopped. `datasets/README.md` lists the folders.
"""

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path

from ...data.benchmark_files import datasets_root
from ...data.conversion.from_annotations import convert_context, convert_instances
from ...data.conversion.label_files import (
    LABEL_CONVERSIONS,
    OBJECT_SUFFIX,
    OBJECT_TARGET,
    Layout,
    convert_labels,
)
from ...data.conversion.runner import ConversionReport, Options
from ...utils.errors import message_of
from . import verify

DESCRIPTIONS = {
    "ade20k": """\
Shift ADE20K's annotations by one, for Detectron2's own dataset ade20k_sem_seg_val: 1..150 become
0..149, and 0, unlabelled, becomes 255. Only programs that use Detectron2's folder need this.""",
    "cityscapes": """\
Convert Cityscapes' labelIds to the 19 train ids (255 = not scored), without cityscapesscripts. An
evaluation here reads labelIds as well.""",
    "coco_object": """\
Make the labels of COCO-Object from COCO-Stuff's stuffthingmaps, as GroupViT and TCL do: things
become 1..80, stuff and unlabelled pixels 0, the background, which is scored.""",
    "coco_stuff": """\
Convert COCO-Stuff's stuffthingmaps to the 171 train ids (255 = unlabelled). An evaluation here also
reads coco/stuffthingmaps as it is.""",
    "pascal_context": """\
Make the labels of Context-60 and Context-59 from VOCdevkit/VOC2010/trainval_merged.json, without
the Detail API: SegmentationClassContext/*.png (0 = background, 1..59 = the classes in the order of
their category ids) and ImageSets/SegmentationContext/val.txt. Images without annotations are
skipped; 5,104 of val are left (papers say 5,105).""",
}
"""Name of `freecp data prepare` -> what it does."""

USAGE = f"""usage: freecp data verify [NAME ...] [options]
       freecp data prepare NAME [options]

  verify    decode every image and label of the benchmarks, and list what is wrong
  prepare   convert the annotations of one of: {", ".join(DESCRIPTIONS)}

freecp data verify --help and freecp data prepare NAME --help list the options."""

_MAX_WORKERS = 8  # more processes than a disk can serve
_INTERRUPTED = 130  # the exit status that shells report after Ctrl-C


def build_parser(name: str) -> argparse.ArgumentParser:
    """The command line of one of `DESCRIPTIONS`."""
    text = DESCRIPTIONS[name]
    if conversion := LABEL_CONVERSIONS.get(name):
        text += "\nThe first of these that has files is converted:\n"
        for layout in conversion.layouts:
            source, target = (
                conversion.of_split(folder, "val") for folder in (layout.source, layout.target)
            )
            text += f"\n  {source}/*{layout.source_suffix} -> {target}/*{layout.target_suffix}"
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(datasets_root()),
        help="the folder of all datasets; default: $DETECTRON2_DATASETS, else ./datasets",
    )
    parser.add_argument("--split", choices=("val", "train"), default="val")
    workers = min(_MAX_WORKERS, os.cpu_count() or 1)
    parser.add_argument("--workers", type=int, default=workers, help="processes (%(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="also convert files that exist")
    if name == "coco_object":
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--source", type=Path, help="the folder of the split's stuffthingmaps")
        group.add_argument(
            "--from-instances",
            type=Path,
            help="draw COCO's instances_<split>.json; results on these labels are not comparable",
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `freecp data`; the exit status is 2 for an unknown action or benchmark."""
    action, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if action == "verify":
        sys.argv[0] = "freecp data verify"
        return verify.main(rest)
    if action == "prepare" and rest and rest[0] in DESCRIPTIONS:
        sys.argv[0] = f"freecp data prepare {rest[0]}"
        return prepare(rest[0], rest[1:])
    is_help = action in ("-h", "--help") or rest[:1] in (["-h"], ["--help"])
    print(USAGE, file=sys.stdout if is_help else sys.stderr)
    if not is_help:
        print(f"freecp data: error: got {' '.join([action, *rest])!r}.", file=sys.stderr)
    return 0 if is_help else 2


def prepare(name: str, argv: Sequence[str] | None = None) -> int:
    """
    Convert one split of a benchmark (one of `DESCRIPTIONS`), and print a report.

    The exit status is 1 if sources could not be converted, and 130 after Ctrl-C; SystemExit with
    the reason if the conversion cannot run.
    """
    parser = build_parser(name)
    args = parser.parse_args(argv)
    if args.workers < 1:
        parser.error(f"--workers {args.workers}, expected 1 or more")
    try:
        report = _convert(name, args)
    except KeyboardInterrupt:
        print("Stopped. All written files are complete; repeat the command to continue.")
        return _INTERRUPTED
    except BrokenExecutor as error:
        raise SystemExit(
            "A process ended abruptly, often for lack of memory. All written files are complete; "
            "repeat the command with a smaller --workers to continue."
        ) from error
    except (OSError, ValueError) as error:
        raise SystemExit(f"{parser.prog}: error: {message_of(error)}") from error
    print(report)
    return int(bool(report.broken))


def _convert(name: str, args: argparse.Namespace) -> ConversionReport:
    options = Options(args.root, args.split, args.workers, args.overwrite)
    if name == "pascal_context":
        return convert_context(options)
    if name == "coco_object" and args.from_instances:
        return convert_instances(args.from_instances, options)
    conversion = LABEL_CONVERSIONS[name]
    if name == "coco_object" and args.source:
        layout = Layout(str(args.source.absolute()), OBJECT_TARGET, target_suffix=OBJECT_SUFFIX)
        conversion = dataclasses.replace(conversion, layouts=(layout,))
    return convert_labels(conversion, options)

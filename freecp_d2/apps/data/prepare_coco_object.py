"""
Make the labels of COCO-Object (80 things and the background) from COCO-Stuff's `stuffthingmaps`.

    python datasets/prepare_coco_object.py
    python datasets/prepare_coco_object.py --source /data/stuffthingmaps/val2017

The rule of the literature (GroupViT, TCL): things become 1..80, and everything else becomes 0, the
background: stuff, and unlabelled pixels (255) as well, which are scored. Where things overlap, the
stuffthingmaps decide. Values that these never have are an error. The first of these that has files
is taken, and the labels go to `coco_object/annotations/val2017/*_instanceTrainIds.png`:

    coco_stuff164k/annotations/val2017/*.png    those of *TrainIds.png aside
    coco/stuffthingmaps/val2017/*.png
    coco-stuff/annotations/val2017/*.png

Who has only COCO's instances can draw them, for figures that compare with no one else's:

    python datasets/prepare_coco_object.py --from-instances annotations/instances_val2017.json
"""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

from ...data.conversion.annotations import draw_annotations, load_annotations
from ...data.conversion.command import Options, argument_parser, run_command
from ...data.conversion.label_files import LabelConversion, Layout, convert_labels
from ...data.conversion.runner import Job, Outcome, convert_files
from ...data.label_ids import COCO_STUFF_IDS, COCO_THING_IDS
from ...data.labels import rest_encoding

TARGET = "coco_object/annotations/{split}"
SUFFIX = "_instanceTrainIds.png"
LABEL_OF_CATEGORY = {value + 1: label for label, value in enumerate(COCO_THING_IDS, start=1)}
INSTANCES_NOTE = (
    "Drawn from instances, each over those before it. The literature's labels are made from "
    "stuffthingmaps, which differ where things overlap: figures on these files are not comparable."
)

COCO_OBJECT = LabelConversion(
    title="COCO-Object",
    page="https://github.com/nightrome/cocostuff (stuffthingmaps_trainval2017.zip)",
    splits={"val": "val2017", "train": "train2017"},
    layouts=tuple(
        Layout(f"{folder}/{{split}}", TARGET, target_suffix=SUFFIX)
        for folder in (
            "coco_stuff164k/annotations",
            "coco/stuffthingmaps",
            "coco-stuff/annotations",
        )
    ),
    encoding=rest_encoding(COCO_THING_IDS, COCO_STUFF_IDS[len(COCO_THING_IDS) :]),
)


def convert_instances(path: Path, options: Options) -> Outcome:
    """
    Draw COCO's instances, crowds among them; images without instances are all background.

    Args:
        path: `instances_val2017.json`, or that of the split in `options`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or annotates another list of categories.
    """
    images = load_annotations(path, annotations="annotations", image_id="id")
    categories = {category for image in images for category, _ in image.annotations}
    if unknown := sorted(categories - LABEL_OF_CATEGORY.keys()):
        raise ValueError(
            f"{path}: has the category {unknown[0]}, which is none of COCO's 80 things; take "
            f"instances_{COCO_OBJECT.splits[options.split]}.json."
        )
    folder = options.root / TARGET.replace("{split}", COCO_OBJECT.splits[options.split])
    outcome = convert_files(
        [Job(image.name, folder / f"{image.name}{SUFFIX}", image) for image in images],
        functools.partial(draw_annotations, LABEL_OF_CATEGORY),
        folder=folder,
        num_workers=options.num_workers,
        description=f"{COCO_OBJECT.title}, {options.split}, from instances",
        overwrite=options.overwrite,
    )
    return dataclasses.replace(outcome, notes=(INSTANCES_NOTE,))


def main(argv: Sequence[str] | None = None) -> int:
    """Convert one split; returns the exit status."""
    parser = argument_parser(__doc__)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--source", type=Path, help="the folder of the split's stuffthingmaps")
    group.add_argument("--from-instances", type=Path, help="COCO's instances_<split>.json")
    args = parser.parse_args(argv)
    options = Options.from_arguments(args)
    if args.from_instances:
        return run_command(lambda: convert_instances(args.from_instances, options), print)
    conversion = COCO_OBJECT
    if args.source:
        layout = Layout(str(args.source.absolute()), TARGET, target_suffix=SUFFIX)
        conversion = dataclasses.replace(COCO_OBJECT, layouts=(layout,))
    return run_command(lambda: convert_labels(conversion, options), print)

"""Make label files from annotations: Pascal Context, and COCO-Object from COCO's instances."""

import dataclasses
import functools
from pathlib import Path

from ...utils.files import write_whole
from ..label_ids import COCO_THING_IDS, PASCAL_CONTEXT_IDS
from .annotations import AnnotatedImage, draw_annotations, load_annotations
from .label_files import LABEL_CONVERSIONS, OBJECT_SUFFIX, OBJECT_TARGET, missing_files
from .runner import ConversionReport, Job, Options, convert_files

CONTEXT_FOLDER = "VOCdevkit/VOC2010"
CONTEXT_PAGE = "https://cs.stanford.edu/~roozbeh/pascal-context/ (as one file of the name above)"
_CONTEXT_LABELS = {category: i for i, category in enumerate(PASCAL_CONTEXT_IDS, start=1)}
_OBJECT_LABELS = {value + 1: label for label, value in enumerate(COCO_THING_IDS, start=1)}
_INSTANCES_NOTE = (
    "Drawn from instances, later ones over earlier ones. The literature makes labels from "
    "stuffthingmaps, which differ where things overlap: results on these files are not comparable."
)


def convert_context(options: Options) -> ConversionReport:
    """
    Write the labels of a split of Pascal Context and, when all exist, the list of their names.

    Raises:
        FileNotFoundError: `trainval_merged.json` is missing.
        ValueError: it is damaged, or has no image of the split.
    """
    base = options.root / CONTEXT_FOLDER
    path = base / "trainval_merged.json"
    if not path.is_file():
        pattern = f"{CONTEXT_FOLDER}/{path.name}"
        raise missing_files("Pascal Context", CONTEXT_PAGE, options.root, [pattern])
    listed = _load_split(path, options.split)
    images = [image for image in listed if image.annotations]
    folder = base / "SegmentationClassContext"
    jobs = [Job(f"{path}, {image.name}", folder / f"{image.name}.png", image) for image in images]
    draw = functools.partial(draw_annotations, _CONTEXT_LABELS)
    report = convert_files(jobs, draw, folder=folder, options=options)
    notes = []
    if left_out := [image.name for image in listed if not image.annotations]:
        notes.append(f"Skipped, because they have no annotation: {', '.join(left_out)}.")
    split_file = base / "ImageSets" / "SegmentationContext" / f"{options.split}.txt"
    if report.broken:
        notes.append(f"{split_file} is written when all labels exist.")
    else:
        split_file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(split_file, "".join(f"{image.name}\n" for image in images).encode())
        notes.append(f"{len(images):,} names written to {split_file}.")
    return dataclasses.replace(report, notes=tuple(notes))


def convert_instances(path: Path, options: Options) -> ConversionReport:
    """
    Draw COCO's instances, including crowds; images without instances are all background.

    Args:
        path: `instances_val2017.json`, or that of the split in `options`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or has other categories.
    """
    conversion = LABEL_CONVERSIONS["coco_object"]
    images = load_annotations(path, annotations="annotations", image_id="id")
    categories = {category for image in images for category, _ in image.annotations}
    if unknown := sorted(categories - _OBJECT_LABELS.keys()):
        raise ValueError(
            f"{path}: has the category {unknown[0]}, which is none of COCO's 80 things; use "
            f"instances_{conversion.splits[options.split]}.json."
        )
    folder = options.root / conversion.of_split(OBJECT_TARGET, options.split)
    jobs = [Job(image.name, folder / f"{image.name}{OBJECT_SUFFIX}", image) for image in images]
    draw = functools.partial(draw_annotations, _OBJECT_LABELS)
    report = convert_files(jobs, draw, folder=folder, options=options)
    return dataclasses.replace(report, notes=(_INSTANCES_NOTE,))


def _load_split(path: Path, split: str) -> list[AnnotatedImage]:
    """The images of a split, sorted by name."""
    images = load_annotations(path, annotations="annos_segmentation", image_id="image_id")
    chosen = [image for image in images if image.phase == split]
    if not chosen:
        phases = sorted({image.phase for image in images})
        raise ValueError(
            f'{path}: has no image of the phase "{split}", only {phases}; use the file that '
            "datasets/README.md names."
        )
    return sorted(chosen, key=lambda image: image.name)

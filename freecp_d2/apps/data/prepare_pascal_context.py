"""
Make the labels of Pascal Context from `trainval_merged.json`, without the Detail API.

    python datasets/prepare_pascal_context.py

Writes, below `VOCdevkit/VOC2010`, where `trainval_merged.json` lies,

    SegmentationClassContext/<name>.png         0 = background, 1..59 = the classes in the order of
                                                their category ids, which is alphabetical
    ImageSets/SegmentationContext/val.txt       the names, sorted

once for Context-60 and Context-59, which does not score the background. Each annotation is drawn
over those before it, and categories beyond the 59 are background. An image that the file lists
without annotations was not annotated: it gets no label, and `val.txt` does not name it. The
official file has 5,104 images for val (papers say 5,105).
"""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

from ...data.conversion.annotations import AnnotatedImage, draw_annotations, load_annotations
from ...data.conversion.command import Options, argument_parser, run_command
from ...data.conversion.label_files import missing_files
from ...data.conversion.runner import Job, Outcome, convert_files
from ...data.label_ids import PASCAL_CONTEXT_IDS
from ...utils.files import write_whole

TITLE = "Pascal Context"
PAGE = "https://cs.stanford.edu/~roozbeh/pascal-context/ (as one file of the name above)"
FOLDER = Path("VOCdevkit/VOC2010")
LABEL_OF_CATEGORY = {category: i for i, category in enumerate(PASCAL_CONTEXT_IDS, start=1)}


def load_split(path: Path, split: str) -> list[AnnotatedImage]:
    """
    The images of a split, sorted by name.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged or has no such split.
    """
    images = load_annotations(path, annotations="annos_segmentation", image_id="image_id")
    chosen = [image for image in images if image.phase == split]
    if not chosen:
        phases = sorted({image.phase for image in images})
        raise ValueError(
            f'{path}: has no image of the phase "{split}", only {phases}; take the file that '
            "datasets/README.md names."
        )
    return sorted(chosen, key=lambda image: image.name)


def convert_context(options: Options) -> Outcome:
    """
    Write the labels of a split and, when all are there, the list of their names.

    Raises:
        FileNotFoundError: `trainval_merged.json` is missing.
        ValueError: it is damaged.
    """
    base = options.root / FOLDER
    path = base / "trainval_merged.json"
    if not path.is_file():
        raise missing_files(TITLE, PAGE, options.root, [f"{FOLDER.as_posix()}/{path.name}"])
    listed = load_split(path, options.split)
    images = [image for image in listed if image.annotations]
    folder = base / "SegmentationClassContext"
    outcome = convert_files(
        [Job(f"{path}, {image.name}", folder / f"{image.name}.png", image) for image in images],
        functools.partial(draw_annotations, LABEL_OF_CATEGORY),
        folder=folder,
        num_workers=options.num_workers,
        description=f"{TITLE}, {options.split}",
        overwrite=options.overwrite,
    )
    notes = []
    if left_out := [image.name for image in listed if not image.annotations]:
        notes.append(f"Left out, as they have no annotation: {', '.join(left_out)}.")
    split_file = base / "ImageSets" / "SegmentationContext" / f"{options.split}.txt"
    if outcome.broken:
        notes.append(f"{split_file} is written when all labels are there.")
    else:
        split_file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(split_file, "".join(f"{image.name}\n" for image in images).encode())
        notes.append(f"{len(images):,} names written to {split_file}.")
    return dataclasses.replace(outcome, notes=tuple(notes))


def main(argv: Sequence[str] | None = None) -> int:
    """Convert one split; returns the exit status."""
    options = Options.from_arguments(argument_parser(__doc__).parse_args(argv))
    return run_command(lambda: convert_context(options), print)

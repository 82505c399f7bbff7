"""
Convert label files to train ids.

A value that is not in the source's encoding is an error that names the file: it has been converted
before, or is a coloured image.
"""

import functools
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..benchmarks import CITYSCAPES_ENCODING, COCO_OBJECT_ENCODING, COCO_STUFF_ENCODING
from ..file_lists import list_files
from ..labels import LabelEncoding, raw_encoding, read_label
from .runner import ConversionReport, Job, Options, convert_files

_RESULT_SUFFIX = "TrainIds.png"  # some layouts have results and sources in one folder


@dataclass(frozen=True)
class Layout:
    """Folders of label files and of the converted ones; "{split}" is the name of the split."""

    source: str
    target: str
    source_suffix: str = ".png"
    target_suffix: str = ".png"


@dataclass(frozen=True)
class LabelConversion:
    """How the label files of a benchmark are converted."""

    title: str
    page: str  # where the files come from
    splits: Mapping[str, str]  # "val" and "train" -> the name of the split in the layouts
    layouts: tuple[Layout, ...]  # the first that has files is used
    encoding: LabelEncoding  # of the sources

    def of_split(self, folder: str, split: str) -> str:
        """A folder of a layout with the name of the split."""
        return folder.replace("{split}", self.splits[split])


OBJECT_TARGET, OBJECT_SUFFIX = "coco_object/annotations/{split}", "_instanceTrainIds.png"
_COCO_PAGE = "https://github.com/nightrome/cocostuff (stuffthingmaps_trainval2017.zip)"
_COCO_SPLITS = {"val": "val2017", "train": "train2017"}
_164K, _CITY = "coco_stuff164k/annotations/{split}", "cityscapes/gtFine/{split}"

LABEL_CONVERSIONS = {
    "ade20k": LabelConversion(
        title="ADE20K",
        page="http://sceneparsing.csail.mit.edu/ (ADEChallengeData2016.zip)",
        splits={"val": "validation", "train": "training"},
        layouts=tuple(
            Layout(f"{root}/annotations/{{split}}", f"{root}/annotations_detectron2/{{split}}")
            for root in ("ADEChallengeData2016", "ade/ADEChallengeData2016")
        ),
        encoding=raw_encoding(150),
    ),
    "cityscapes": LabelConversion(
        title="Cityscapes",
        page="https://www.cityscapes-dataset.com (gtFine_trainvaltest.zip)",
        splits={"val": "val", "train": "train"},
        layouts=(Layout(_CITY, _CITY, "_gtFine_labelIds.png", "_gtFine_labelTrainIds.png"),),
        encoding=CITYSCAPES_ENCODING,
    ),
    "coco_object": LabelConversion(
        title="COCO-Object",
        page=_COCO_PAGE,
        splits=_COCO_SPLITS,
        layouts=tuple(
            Layout(source, OBJECT_TARGET, target_suffix=OBJECT_SUFFIX)
            for source in (_164K, "coco/stuffthingmaps/{split}", "coco-stuff/annotations/{split}")
        ),
        encoding=COCO_OBJECT_ENCODING,
    ),
    "coco_stuff": LabelConversion(
        title="COCO-Stuff",
        page=_COCO_PAGE,
        splits=_COCO_SPLITS,
        layouts=(
            Layout(_164K, _164K, target_suffix="_labelTrainIds.png"),
            Layout("coco/stuffthingmaps/{split}", "coco/stuffthingmaps_detectron2/{split}"),
            Layout("coco-stuff/annotations/{split}", "coco-stuff/annotations_detectron2/{split}"),
        ),
        encoding=COCO_STUFF_ENCODING,
    ),
}
"""Name of `freecp data prepare` -> conversion."""


def convert_labels(conversion: LabelConversion, options: Options) -> ConversionReport:
    """Convert the label files of one split; the other split need not exist."""
    layout, sources = _find_sources(conversion, options)
    folder = options.root / conversion.of_split(layout.target, options.split)
    jobs = [
        Job(path, folder / f"{name}{layout.target_suffix}", path) for name, path in sources.items()
    ]
    convert = functools.partial(convert_label, conversion.encoding)
    return convert_files(jobs, convert, folder=folder, options=options)


def convert_label(encoding: LabelEncoding, path: str | Path) -> bytes:
    """Convert a label file to an 8-bit grey PNG of train ids; raises as `read_label`."""
    return encode_labels(read_label(path, np.uint8, encoding=encoding))


def encode_labels(labels: np.ndarray) -> bytes:
    """Encode a label map, (H, W) uint8, as an 8-bit grey PNG."""
    file = io.BytesIO()
    Image.fromarray(labels).save(file, format="PNG")
    return file.getvalue()


def missing_files(title: str, page: str, root: Path, patterns: Iterable[str]) -> FileNotFoundError:
    """The error for missing sources; `patterns` are the expected paths below `root`."""
    tree = "\n".join(f"  {'or ' if i else ''}{pattern}" for i, pattern in enumerate(patterns))
    return FileNotFoundError(
        f"{title}: found no files to convert under {root.absolute()}. Expected there:\n{tree}\n"
        f"They come from {page}; datasets/README.md says which archive to extract where. If they "
        "are elsewhere, name that folder with --root or in the environment variable "
        "DETECTRON2_DATASETS."
    )


def _find_sources(conversion: LabelConversion, options: Options) -> tuple[Layout, dict[str, str]]:
    """The first layout that has files, and its files by name without suffix, sorted."""
    patterns = []
    for layout in conversion.layouts:
        folder = conversion.of_split(layout.source, options.split)
        files = list_files(str(options.root / folder), layout.source_suffix)
        if sources := {n: files[n] for n in sorted(files) if not files[n].endswith(_RESULT_SUFFIX)}:
            return layout, sources
        patterns.append(f"{folder}/*{layout.source_suffix}")
    raise missing_files(conversion.title, conversion.page, options.root, patterns)

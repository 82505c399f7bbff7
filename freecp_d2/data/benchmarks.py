"""
The table of the eight benchmarks, registered as `freecp_<key>_val`.

Registration reads no data: `DatasetCatalog.get(name)` looks under `$DETECTRON2_DATASETS` (default
`./datasets`) when it is called. The folders are those of mmsegmentation, CAT-Seg and SAN;
`datasets/README.md` describes them.
"""

import functools
from collections.abc import Iterable
from typing import Any

from ..d2 import DatasetCatalog, MetadataCatalog
from .benchmark_spec import (
    CITYSCAPES_IDS,
    COCO_STUFF_IDS,
    COCO_THING_IDS,
    Benchmark,
    Folder,
    LabelFolder,
)
from .labels import IGNORE_LABEL, LabelEncoding, raw_encoding, rest_encoding, shifted_encoding

_VOC = "VOCdevkit/VOC2012"
_VOC_VAL = f"{_VOC}/ImageSets/Segmentation/val.txt"
_VOC_IMAGES = (Folder(f"{_VOC}/JPEGImages", ".jpg"), Folder("VOC2012/JPEGImages", ".jpg"))

_CONTEXT = "VOCdevkit/VOC2010"
_CONTEXT_LABELS = f"{_CONTEXT}/SegmentationClassContext"
_CONTEXT_VAL = f"{_CONTEXT}/ImageSets/SegmentationContext/val.txt"
_CONTEXT_IMAGES = (Folder(f"{_CONTEXT}/JPEGImages", ".jpg"), Folder("pcontext/val/image", ".jpg"))
_CONTEXT_59 = (f"{_CONTEXT}/annotations_detectron2/pc59_val", "pcontext/val/label")

_COCO_IMAGES = (
    Folder("coco_stuff164k/images/val2017", ".jpg"),
    Folder("coco_object/images/val2017", ".jpg"),
    Folder("coco/val2017", ".jpg"),
    Folder("coco-stuff/images/val2017", ".jpg"),
)
_STUFF_164K = "coco_stuff164k/annotations/val2017"
_STUFF_TRAIN_IDS = (
    "coco/stuffthingmaps_detectron2/val2017",
    "coco-stuff/annotations_detectron2/val2017",
)
_STUFF_RAW = "coco/stuffthingmaps/val2017"
COCO_STUFF_ENCODING = LabelEncoding(COCO_STUFF_IDS, (IGNORE_LABEL,))
"""COCO-Stuff's `stuffthingmaps`, as published."""
COCO_OBJECT_ENCODING = rest_encoding(COCO_THING_IDS, COCO_STUFF_IDS[len(COCO_THING_IDS) :])
"""The same values for COCO-Object: stuff and unlabelled pixels are background."""

_CITY = "cityscapes/gtFine/val"
CITYSCAPES_ENCODING = LabelEncoding(
    CITYSCAPES_IDS,
    tuple(value for value in (*range(34), IGNORE_LABEL) if value not in CITYSCAPES_IDS),
)
"""Cityscapes' `labelIds`, as published."""

_ADE = ("ADEChallengeData2016", "ade/ADEChallengeData2016")


def _label_folders(paths: Iterable[str], encoding: LabelEncoding) -> tuple[LabelFolder, ...]:
    return tuple(LabelFolder(path, ".png", encoding) for path in paths)


_ROWS = (
    Benchmark(
        key="voc21",
        num_images=1449,
        names="voc",
        background=True,
        images=_VOC_IMAGES,
        labels=(
            LabelFolder(f"{_VOC}/SegmentationClass", ".png", shifted_encoding(21), _VOC_VAL),
            *_label_folders(
                [f"{_VOC}/annotations_detectron2_bg/val"],
                LabelEncoding((20, *range(20)), (IGNORE_LABEL,)),  # background is last
            ),
        ),
    ),
    Benchmark(
        key="voc20",
        num_images=1449,
        names="voc",
        images=_VOC_IMAGES,
        labels=(
            LabelFolder(
                f"{_VOC}/SegmentationClass",
                ".png",
                LabelEncoding(range(1, 21), (0, IGNORE_LABEL)),
                _VOC_VAL,
            ),
            *_label_folders(
                (f"{_VOC}/annotations_detectron2/val", "VOC2012/annotations_detectron2/val"),
                shifted_encoding(20),
            ),
        ),
    ),
    Benchmark(
        key="context60",
        num_images=5104,
        names="context",
        background=True,
        images=_CONTEXT_IMAGES,
        labels=(
            LabelFolder(_CONTEXT_LABELS, ".png", LabelEncoding(range(60)), _CONTEXT_VAL),
            *_label_folders(_CONTEXT_59, rest_encoding(range(59))),
        ),
    ),
    Benchmark(
        key="context59",
        num_images=5104,
        names="context",
        images=_CONTEXT_IMAGES,
        labels=(
            LabelFolder(_CONTEXT_LABELS, ".png", raw_encoding(59), _CONTEXT_VAL),
            *_label_folders(_CONTEXT_59, shifted_encoding(59)),
        ),
    ),
    Benchmark(
        key="coco_object",
        num_images=5000,
        names="coco_object",
        background=True,
        images=_COCO_IMAGES,
        labels=(
            *(
                LabelFolder(path, "_instanceTrainIds.png", LabelEncoding(range(81)))
                for path in ("coco_object/annotations/val2017", _STUFF_164K)
            ),
            *_label_folders(_STUFF_TRAIN_IDS, rest_encoding(range(80), range(80, 171))),
            LabelFolder(_STUFF_RAW, ".png", COCO_OBJECT_ENCODING),
        ),
    ),
    Benchmark(
        key="coco_stuff",
        num_images=5000,
        names="coco_stuff",
        images=_COCO_IMAGES,
        labels=(
            LabelFolder(_STUFF_164K, "_labelTrainIds.png", shifted_encoding(171)),
            *_label_folders(_STUFF_TRAIN_IDS, shifted_encoding(171)),
            LabelFolder(_STUFF_RAW, ".png", COCO_STUFF_ENCODING),
        ),
    ),
    Benchmark(
        key="cityscapes",
        num_images=500,
        names="cityscapes",
        images=(Folder("cityscapes/leftImg8bit/val", "_leftImg8bit.png"),),
        labels=(
            LabelFolder(_CITY, "_gtFine_labelTrainIds.png", shifted_encoding(19)),
            LabelFolder(_CITY, "_gtFine_labelIds.png", CITYSCAPES_ENCODING),
        ),
    ),
    Benchmark(
        key="ade20k",
        num_images=2000,
        names="ade20k",
        images=tuple(Folder(f"{root}/images/validation", ".jpg") for root in _ADE),
        labels=(
            *_label_folders([f"{root}/annotations/validation" for root in _ADE], raw_encoding(150)),
            *_label_folders(
                [f"{root}/annotations_detectron2/validation" for root in _ADE],
                shifted_encoding(150),
            ),
        ),
    ),
)

BENCHMARKS = {row.key: row for row in _ROWS}
"""Key -> benchmark. A new benchmark is a new row."""


def register_benchmarks() -> None:
    """Register every benchmark and its metadata, once."""
    for benchmark in BENCHMARKS.values():
        if benchmark.name in DatasetCatalog.list():
            continue
        MetadataCatalog.get(benchmark.name).set(
            stuff_classes=list(benchmark.class_names),
            ignore_label=IGNORE_LABEL,
            evaluator_type="sem_seg",
            vocabulary=benchmark.key,
            num_images=benchmark.num_images,
        )
        DatasetCatalog.register(benchmark.name, functools.partial(_load, benchmark))


def _load(benchmark: Benchmark) -> list[dict[str, Any]]:
    from .benchmark_files import load_benchmark  # here, to keep `import freecp_d2` quick

    return load_benchmark(benchmark)

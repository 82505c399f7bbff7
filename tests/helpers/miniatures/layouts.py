"""The folders of each benchmark in each layout, and the encoding of the labels there."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from . import encodings as enc

NUM_CLASSES = {
    "voc21": 21,
    "voc20": 20,
    "context60": 60,
    "context59": 59,
    "coco_object": 81,
    "coco_stuff": 171,
    "cityscapes": 19,
    "ade20k": 150,
}
"""Key -> number of scored classes."""

TRUTHS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "voc21": enc.as_published,
    "voc20": enc.voc20,
    "context60": enc.as_published,
    "context59": enc.minus_one,
    "coco_object": enc.coco_object,
    "coco_stuff": enc.coco_stuff,
    "cityscapes": enc.cityscapes,
    "ade20k": enc.minus_one,
}
"""Key -> function from published values to train ids."""


@dataclass(frozen=True)
class Labels:
    """Annotation files of a folder."""

    folder: str
    encode: Callable[[np.ndarray], np.ndarray] = enc.as_published  # the published values
    suffix: str = ".png"
    indexed: bool = False  # colour-mapped, as VOC's; else grey
    has_wide: bool = True  # one of them has 16 bits


@dataclass(frozen=True)
class Layout:
    """The folders of a benchmark in the layout of a project."""

    images: str
    labels: Labels
    beside: tuple[Labels, ...] = ()  # other label files, which must not be used
    split: str = ""  # the file that lists the benchmark's images; "" where the folder does
    spare_images: str = ""  # folder of an image of another split
    spare_labels: str = ""  # folder of its annotation
    image_suffix: str = ".jpg"


def _voc(labels: Labels, images: str = "VOCdevkit/VOC2012/JPEGImages") -> Layout:
    """Images of all splits in one folder."""
    return Layout(images, labels, spare_images=images)


def _voc_official() -> Layout:
    folder = "VOCdevkit/VOC2012/SegmentationClass"
    layout = _voc(Labels(folder, indexed=True, has_wide=False))
    split = "VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt"
    return replace(layout, split=split, spare_labels=folder)


def _context() -> dict[str, Layout]:
    root = "VOCdevkit/VOC2010"
    images, folder = f"{root}/JPEGImages", f"{root}/SegmentationClassContext"
    split = f"{root}/ImageSets/SegmentationContext/val.txt"
    return {
        "mmseg": Layout(
            images, Labels(folder), split=split, spare_images=images, spare_labels=folder
        ),
        "detectron2": _voc(
            Labels(f"{root}/annotations_detectron2/pc59_val", enc.minus_one), images
        ),
        "san": Layout("pcontext/val/image", Labels("pcontext/val/label", enc.minus_one)),
    }


def _coco(images: str, labels: Labels, *beside: Labels) -> Layout:
    spare = images.replace("val2017", "train2017")
    return Layout(images, labels, beside, spare_images=spare)


def _coco_stuff() -> dict[str, Layout]:
    folder = "coco_stuff164k/annotations/val2017"
    train_ids = Labels(folder, enc.coco_stuff, "_labelTrainIds.png")
    coco = "coco/stuffthingmaps"
    return {
        "mmseg": _coco("coco_stuff164k/images/val2017", train_ids, Labels(folder)),
        "detectron2": _coco("coco/val2017", Labels(f"{coco}_detectron2/val2017", enc.coco_stuff)),
        "cat-seg": _coco(
            "coco-stuff/images/val2017",
            Labels("coco-stuff/annotations_detectron2/val2017", enc.coco_stuff),
        ),
        "raw": _coco("coco/val2017", Labels(f"{coco}/val2017")),
    }


def _coco_object() -> dict[str, Layout]:
    """mmsegmentation's projects convert into a separate folder or beside COCO-Stuff's files."""
    stuff = _coco_stuff()
    suffix = "_instanceTrainIds.png"
    own = Labels("coco_object/annotations/val2017", enc.coco_object, suffix)
    beside = replace(stuff["mmseg"].labels, encode=enc.coco_object, suffix=suffix)
    others = (stuff["mmseg"].labels, *stuff["mmseg"].beside)
    return {
        "mmseg": _coco("coco_object/images/val2017", own),
        "164k": _coco("coco_stuff164k/images/val2017", beside, *others),
        **{name: stuff[name] for name in ("detectron2", "cat-seg", "raw")},
    }


def _cityscapes() -> dict[str, Layout]:
    """mmsegmentation and Detectron2 agree; the archive as downloaded lacks the train ids."""
    folder = "cityscapes/gtFine/val"
    ids = Labels(folder, suffix="_gtFine_labelIds.png", has_wide=False)
    others = (
        replace(ids, encode=enc.cityscapes_instances, suffix="_gtFine_instanceIds.png"),
        replace(ids, encode=enc.cityscapes_colors, suffix="_gtFine_color.png"),
    )
    raw = Layout(
        "cityscapes/leftImg8bit/val",
        ids,
        others,
        spare_images="cityscapes/leftImg8bit/train",
        image_suffix="_leftImg8bit.png",
    )
    train_ids = replace(ids, encode=enc.cityscapes, suffix="_gtFine_labelTrainIds.png")
    converted = replace(raw, labels=train_ids, beside=(ids, *others))
    return {"mmseg": converted, "detectron2": converted, "raw": raw}


def _ade20k(folder: str, labels: Labels) -> Layout:
    return Layout(
        f"{folder}/images/validation",
        replace(labels, folder=f"{folder}/{labels.folder}/validation"),
        spare_images=f"{folder}/images/training",
        spare_labels=f"{folder}/{labels.folder}/training",
    )


_ADE = "ADEChallengeData2016"
_ADE_SHIFTED = Labels("annotations_detectron2", enc.minus_one)
_VOC_VAL = "annotations_detectron2/val"

LAYOUTS: dict[str, dict[str, Layout]] = {
    "voc21": {
        "mmseg": _voc_official(),
        "detectron2": _voc(
            Labels("VOCdevkit/VOC2012/annotations_detectron2_bg/val", enc.voc20_background)
        ),
    },
    "voc20": {
        "mmseg": _voc_official(),
        "detectron2": _voc(Labels(f"VOCdevkit/VOC2012/{_VOC_VAL}", enc.voc20)),
        "san": _voc(Labels(f"VOC2012/{_VOC_VAL}", enc.voc20), "VOC2012/JPEGImages"),
    },
    "context60": _context(),
    "context59": _context(),
    "coco_object": _coco_object(),
    "coco_stuff": _coco_stuff(),
    "cityscapes": _cityscapes(),
    "ade20k": {
        "mmseg": _ade20k(_ADE, Labels("annotations")),
        "detectron2": _ade20k(_ADE, _ADE_SHIFTED),
        "ade": _ade20k(f"ade/{_ADE}", Labels("annotations")),
        "ade-detectron2": _ade20k(f"ade/{_ADE}", _ADE_SHIFTED),
    },
}
"""Key -> name of a layout -> the layout. Every benchmark has "mmseg" and "detectron2"."""

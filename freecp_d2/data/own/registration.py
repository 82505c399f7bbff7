"""Register own datasets: list their images and labels, and check that they belong together."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...d2 import DatasetCatalog, MetadataCatalog
from ...utils.files import printable
from ...utils.image_formats import IMAGE_SUFFIXES
from ..file_checks import DamagedFilesError, check_images, check_pairs, check_sizes, first_few
from ..file_lists import dangling_link, list_endings, list_files, read_list
from ..labels import IGNORE_LABEL, LabelEncoding, LabelReader
from . import label_studio, panoptic
from .classes import Classes, read_classes
from .encoding import label_encoding, read_color_table
from .spec import PREFIX, Spec, display_name, read_spec

_UPDATE = "Correct it, or describe the folder in dataset.yaml; docs/OWN_DATASET.md has the keys."


@dataclass(frozen=True)
class OwnDataset:
    """An own dataset, without its files."""

    spec: Spec
    classes: Classes
    words: str  # the vocabulary, as MODEL.TEXT.VOCABULARY takes it
    encoding: LabelReader | None  # of the label files; None where each image has its own


def register_folders(names: Iterable[str]) -> None:
    """
    Register the datasets among `names` that begin with "folder:"; the others are left alone.

    A dataset that is registered is read again, so that a changed file is noticed. Call it in each
    process: the catalogs are not shared.

    Raises:
        FileNotFoundError: a folder or a file of a dataset is missing.
        ValueError: a file has an unknown key, or a wrong value; two results would be in one folder.
    """
    names = tuple(names)
    shown = [display_name(name) for name in names]
    for name in (name for name in names if name.startswith(PREFIX)):
        if shown.count(display_name(name)) > 1:
            raise ValueError(
                f"DATASETS.TEST has several datasets that end in {display_name(name)!r}: {names}; "
                "their results would be in one folder. Evaluate them in runs of their own."
            )
        own = _describe(read_spec(name.removeprefix(PREFIX)))
        if name in DatasetCatalog.list():
            DatasetCatalog.remove(name)
            MetadataCatalog.remove(name)
        MetadataCatalog.get(name).set(
            stuff_classes=list(own.classes.names),
            ignore_label=IGNORE_LABEL,
            evaluator_type="sem_seg",
            vocabulary=own.words,
        )
        DatasetCatalog.register(name, functools.partial(load_records, own))


def _describe(spec: Spec) -> OwnDataset:
    """Read the classes, the words and the meaning of the label files; errors name the file."""
    source = spec.classes
    if source is None and spec.layout == "coco-panoptic":
        source = panoptic.categories(spec.path(spec.annotations))
    elif source is None and spec.layout == "label-studio":
        source = label_studio.label_names(spec.path(spec.annotations))
    elif source is None and spec.colors is not None:
        names = [name for name, _ in read_color_table(spec.colors, spec.root)]
        source = names if all(names) else None
    classes = read_classes("classes.txt" if source is None else source, spec.root, spec.first)
    if spec.background == "ignore":
        classes = classes.without_background()
    words = classes.words
    if spec.words:
        path = spec.path(spec.words)
        if not path.is_file():
            raise FileNotFoundError(
                f"{spec.source}: words is {spec.words}, but there is no {path}."
            )
        words = str(path.absolute())
    try:
        encoding = label_encoding(spec, classes) if spec.layout == "folders" else None
    except ValueError as error:
        raise ValueError(f"{spec.source}: {error}") from error
    return OwnDataset(spec, classes, words, encoding)


def load_records(own: OwnDataset) -> list[dict[str, Any]]:
    """
    List the images after checking the headers of all files.

    Returns:
        list[dict]: sorted by name; `file_name`, `sem_seg_file_name`, `height` and `width` as
        displayed, and `label_encoding`, the `LabelReader` of the label file. Where the image or the
        label cannot be decoded, `damage` is the message about all such files, instead of the size.

    Raises:
        FileNotFoundError, ValueError: folders or files are missing, unequal, or all damaged.
    """
    spec = own.spec
    images = _find(spec, "images", spec.image_suffix)
    found: Mapping[str, tuple[str, LabelReader]]
    if spec.layout == "coco-panoptic":
        found = panoptic.find_labels(spec, own.classes, images)
    elif spec.layout == "label-studio":
        found = label_studio.find_labels(spec, own.classes, images)
    else:
        labels = _find(spec, "labels", spec.label_suffix)
        images, labels = _selected(spec, images, labels)
        assert own.encoding is not None  # of this layout
        found = {key: (labels[key], own.encoding) for key in images}
    keys = sorted(found)
    sizes, damage = _sizes(own, [(images[key], *found[key]) for key in keys])
    records = []
    for key in keys:
        label, encoding = found[key]
        record = {"file_name": images[key], "sem_seg_file_name": label, "label_encoding": encoding}
        if images[key] in sizes:
            record["height"], record["width"] = sizes[images[key]]
        else:
            record["damage"] = damage
        records.append(record)
    return records


def _sizes(
    own: OwnDataset, files: Sequence[tuple[str, str, Any]]
) -> tuple[dict[str, tuple[int, int]], str]:
    """
    (H, W) of each image that can be decoded, its label too; and the message about the others.
    `files` has for each the image, the label and what the label means.
    """
    pairs = tuple((image, label) for image, label, _ in files)
    try:
        if own.spec.layout == "label-studio":  # the labels are in the exported file
            sizes = check_images(tuple(image for image, _ in pairs))
            check_sizes(pairs, sizes, [drawn.size for _, _, drawn in files])
        else:
            has_numbers = isinstance(own.encoding, LabelEncoding)  # checked again, from the cache
            sizes = check_pairs(pairs) if has_numbers else check_pairs(pairs, True)
    except DamagedFilesError as error:
        whole = [file for file in files if not error.paths & set(file[:2])]
        if not whole:
            raise
        return _sizes(own, whole)[0], str(error)
    return {image: size for (image, _, _), size in zip(files, sizes, strict=True)}, ""


def _find(spec: Spec, key: str, suffix: str) -> dict[str, str]:
    """The images or the labels, by name without ending."""
    folder = spec.path(getattr(spec, key))
    if not folder.is_dir():
        names = sorted(p.name for p in spec.root.iterdir() if not p.name.startswith("."))
        has = ", ".join(names[:8]) or "nothing"
        raise FileNotFoundError(
            f"{spec.source}: expected the folder {folder} ({key}){dangling_link(str(folder))}, "
            f"found {has}. {_UPDATE}"
        )
    files = list_files(str(folder), suffix) if suffix else list_endings(str(folder), IMAGE_SUFFIXES)
    if not files:
        wanted = f"*{suffix}" if suffix else "image files"
        there = ", ".join(sorted(p.name for p in folder.iterdir())[:5]) or "nothing"
        raise FileNotFoundError(f"{folder}: expected {wanted}, found {there}. {_UPDATE}")
    return files


def _selected(
    spec: Spec, images: dict[str, str], labels: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The images of the list, or all, and their labels; ValueError if one has no partner."""
    if spec.list:
        listed = read_list(spec.path(spec.list), images)
        if absent := [name for name in listed if name not in images]:
            raise ValueError(
                f"{spec.path(spec.list)} names {len(absent)} images that are not in "
                f"{spec.path(spec.images)}: {first_few([printable(name) for name in absent])}."
            )
        images = {name: images[name] for name in listed}
        labels = {name: path for name, path in labels.items() if name in images}
    for have, lack, missing in (
        ("images", "label", images.keys() - labels.keys()),
        ("labels", "image", labels.keys() - images.keys()),
    ):
        if missing:
            raise ValueError(
                f"{spec.source}: {len(missing)} {have} without {lack}: {first_few(sorted(missing))}"
                f". Expected one label for each image, under the same name. If all labels end in "
                "the same letters, write `label_suffix: _mask.png` in dataset.yaml, for example; "
                "to score some of the images, name them in a file, `list: val.txt`."
            )
    return images, labels

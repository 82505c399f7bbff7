"""
The benchmarks, as a table, and one loop that registers them as `freecp_<key>_val`.

Registration touches no data: `DatasetCatalog.get(name)` looks under `$DETECTRON2_DATASETS` (default
`./datasets`) when it is called, and checks what it finds. `datasets/README.md` has the folders.
"""

import functools
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from ..d2 import DatasetCatalog, MetadataCatalog
from .checks import check_keys, check_pairs, first_few, list_files
from .labels import IGNORE_LABEL, LabelEncoding, probe_labels, raw_encoding, shifted_encoding

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Folder:
    """A folder below the root of all datasets, and how the names of its files end."""

    path: str
    suffix: str

    def __str__(self) -> str:
        return f"{self.path}/*{self.suffix}"


@dataclass(frozen=True)
class LabelFolder(Folder):
    """A folder of label files, and what their values mean."""

    encoding: LabelEncoding

    def __str__(self) -> str:
        return f"{super().__str__()} ({self.encoding})"


_F = TypeVar("_F", bound=Folder)


@dataclass(frozen=True)
class Benchmark:
    """
    One row of the table.

    Args:
        key: `ade20k` registers `freecp_ade20k_val`.
        num_images: the official number; another one is a warning, so that a part of it works.
        num_classes: K, the number of classes that are scored.
        vocabulary: the list of words under `data/classes` that are the classes by default.
        background: class 0 is "background", which the vocabulary does not count as a class.
        images: where the images may be; the first folder that has files wins.
        labels: where the annotations may be, in order of preference.
        split_file: a text file below the root with one name (path without suffix) a line, for
            benchmarks that use a part of a folder; "" takes all files.
    """

    key: str
    num_images: int
    num_classes: int
    vocabulary: str
    images: tuple[Folder, ...]
    labels: tuple[LabelFolder, ...]
    background: bool = False
    split_file: str = ""
    ignore_label: ClassVar[int] = IGNORE_LABEL

    def __post_init__(self) -> None:
        for folder in self.labels:
            if len(folder.encoding.ids) != self.num_classes:
                raise ValueError(
                    f"{self.key}: {folder} encodes {len(folder.encoding.ids)} classes, expected "
                    f"{self.num_classes}."
                )

    @property
    def name(self) -> str:
        """The name in Detectron2's catalogs; the prefix keeps clear of Detectron2's own."""
        return f"freecp_{self.key}_val"

    def class_names(self) -> list[str]:
        """The first word of every scored class, in label order; read from the vocabulary's file."""
        from ..text import load_vocabulary  # here, so that either package may be imported first

        names = ["background"] if self.background else []
        names += load_vocabulary(self.vocabulary).class_names
        if len(names) != self.num_classes:
            raise ValueError(
                f"vocabulary {self.vocabulary!r} gives {len(names)} classes, expected "
                f"{self.num_classes} for {self.name}; correct data/classes/{self.vocabulary}.txt."
            )
        return names

    def expected_tree(self) -> str:
        """The folders under the root, a line each, alternatives marked."""

        def lines() -> Iterator[str]:
            for folders in (self.images, self.labels):
                for i, folder in enumerate(folders):
                    yield f"  {'or ' if i else ''}{folder}"
            if self.split_file:
                yield f"  {self.split_file}"

        return "\n".join(lines())


_ADE = "ADEChallengeData2016"

BENCHMARKS = {
    row.key: row
    for row in (
        Benchmark(
            key="ade20k",
            num_images=2000,
            num_classes=150,
            vocabulary="ade20k",
            images=(Folder(f"{_ADE}/images/validation", ".jpg"),),
            labels=(
                LabelFolder(f"{_ADE}/annotations/validation", ".png", raw_encoding(150)),
                LabelFolder(
                    f"{_ADE}/annotations_detectron2/validation", ".png", shifted_encoding(150)
                ),
            ),
        ),
    )
}
"""Key -> benchmark. A new benchmark is a new row."""


def register_benchmarks() -> None:
    """Register every benchmark with its metadata; those already registered are left alone."""
    for benchmark in BENCHMARKS.values():
        if benchmark.name in DatasetCatalog.list():
            continue
        MetadataCatalog.get(benchmark.name).set(
            stuff_classes=benchmark.class_names(),
            ignore_label=benchmark.ignore_label,
            evaluator_type="sem_seg",
            vocabulary=benchmark.vocabulary,
            num_images=benchmark.num_images,
        )
        DatasetCatalog.register(benchmark.name, functools.partial(load_benchmark, benchmark))


def datasets_root() -> str:
    """The folder of all datasets: `$DETECTRON2_DATASETS`, else `./datasets`; read at every call."""
    return os.path.expanduser(os.environ.get("DETECTRON2_DATASETS") or "datasets")


def load_benchmark(benchmark: Benchmark, root: str | None = None) -> list[dict[str, Any]]:
    """
    List a benchmark's images, after checking that its files are complete and in order.

    Args:
        benchmark: a row of the table.
        root: the folder of all datasets; default `datasets_root()`.

    Returns:
        list[dict]: sorted by name; `file_name`, `sem_seg_file_name`, `height` and `width` as
        displayed, and `label_encoding`, the `LabelEncoding` of the folder that was found.

    Raises:
        FileNotFoundError: a folder or the split file is missing or empty.
        ValueError: files without partner, damaged, of unequal size, or of another convention.
    """
    root = datasets_root() if root is None else root
    _, images = _first_with_files(benchmark, benchmark.images, root)
    folder, labels = _first_with_files(benchmark, benchmark.labels, root)
    if benchmark.split_file:
        keys = _read_split(benchmark, root)
        if absent := sorted(keys - images.keys()):
            raise ValueError(
                f"{benchmark.split_file} names {len(absent)} images that are not there: "
                f"{first_few(absent)} (under {root}); extract the archive of images again."
            )
        images = {key: images[key] for key in keys}
        labels = {key: path for key, path in labels.items() if key in keys}
    check_keys(images, labels, f"images and {folder.path} under {root}")
    if len(images) != benchmark.num_images:
        _warn_count(benchmark, len(images), os.path.abspath(root))
    pairs = tuple((images[key], labels[key]) for key in sorted(images))
    sizes = check_pairs(pairs)
    probe_labels([label for _, label in pairs], folder.encoding)
    return [
        {
            "file_name": image,
            "sem_seg_file_name": label,
            "height": height,
            "width": width,
            "label_encoding": folder.encoding,
        }
        for (image, label), (height, width) in zip(pairs, sizes, strict=True)
    ]


@functools.lru_cache  # once a process: the loader and the evaluator both load the dataset
def _warn_count(benchmark: Benchmark, found: int, root: str) -> None:
    logger.warning(
        f"{benchmark.name}: found {found} images under {root}, expected the official "
        f"{benchmark.num_images}; results on another set are not comparable."
    )


def _first_with_files(
    benchmark: Benchmark, folders: Sequence[_F], root: str
) -> tuple[_F, dict[str, str]]:
    """The first of `folders` that has files, and the files by name without suffix."""
    for folder in folders:
        files = list_files(os.path.join(root, folder.path), folder.suffix)
        if files:
            return folder, files
    patterns = [f"{folder.path}/*{folder.suffix}" for folder in folders]
    raise _missing(benchmark, " or ".join(patterns), root)


def _read_split(benchmark: Benchmark, root: str) -> set[str]:
    """The names (paths without suffix) that belong to the benchmark."""
    path = os.path.join(root, benchmark.split_file)
    if not os.path.isfile(path):
        raise _missing(benchmark, benchmark.split_file, root)
    with open(path, encoding="utf-8") as file:
        return {line.strip() for line in file if line.strip()}


def _missing(benchmark: Benchmark, what: str, root: str) -> FileNotFoundError:
    return FileNotFoundError(
        f"{benchmark.name} expects {benchmark.num_images} images, found no {what} under "
        f"{os.path.abspath(root)}. Expected there:\n{benchmark.expected_tree()}\n"
        "Set the environment variable DETECTRON2_DATASETS to the folder that has them; "
        "datasets/README.md says where to get them."
    )

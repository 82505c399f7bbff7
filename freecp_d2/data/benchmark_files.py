"""List a benchmark's images and annotations, and check them before a run."""

import functools
import glob
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .benchmark_spec import Benchmark, Folder, LabelFolder, restore
from .file_checks import check_pairs, first_few
from .file_lists import dangling_link, list_files, read_list
from .labels import probe_labels

logger = logging.getLogger(__name__)

_F = TypeVar("_F", bound=Folder)


@dataclass(frozen=True)
class BenchmarkFiles:
    """The folders that were found, and their files by name (path without suffix)."""

    image_folder: Folder
    images: dict[str, str]
    label_folder: LabelFolder
    labels: dict[str, str]

    def keep(self, keys: Iterable[str]) -> "BenchmarkFiles":
        """The files with these names only."""
        keys = set(keys)
        images = {key: path for key, path in self.images.items() if key in keys}
        labels = {key: path for key, path in self.labels.items() if key in keys}
        return replace(self, images=images, labels=labels)


def datasets_root() -> str:
    """The folder of all datasets: `$DETECTRON2_DATASETS`, else `./datasets`; read at every call."""
    return os.path.expanduser(os.environ.get("DETECTRON2_DATASETS") or "datasets")


def load_benchmark(benchmark: Benchmark, root: str | None = None) -> list[dict[str, Any]]:
    """
    List a benchmark's images below `root` (default `datasets_root()`) after checking its files.

    Returns:
        list[dict]: sorted by name; `file_name`, `sem_seg_file_name`, `height` and `width` as
        displayed, and `label_encoding`, the `LabelEncoding` of the folder that was found.

    Raises:
        FileNotFoundError: a folder or the split file is missing or empty.
        ValueError: files without partner, damaged, of unequal size, or of another encoding.
    """
    root = datasets_root() if root is None else root
    files, absent = select_split(benchmark, find_files(benchmark, root), root)
    folder = files.label_folder
    if absent:
        raise ValueError(
            f"{folder.split_file} names {len(absent)} images that are not there: "
            f"{first_few(absent)} (under {root}); extract the archive of images again."
        )
    _check_partners(benchmark, files, root)
    pairs = tuple((files.images[key], files.labels[key]) for key in sorted(files.images))
    if len(pairs) != benchmark.num_images:
        _warn_count(benchmark, len(pairs), os.path.abspath(root))
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


def find_files(benchmark: Benchmark, root: str) -> BenchmarkFiles:
    """
    All files of a benchmark's folders. If the first folder of labels lacks some of an image and a
    later one has them all, a conversion was interrupted, and the later one is used with a warning.

    Raises:
        FileNotFoundError: a folder is missing or empty.
    """
    image_folder, images = _first_with_files(benchmark, benchmark.images, root)
    first = BenchmarkFiles(
        image_folder, images, *_first_with_files(benchmark, benchmark.labels, root)
    )
    wanted = _wanted(benchmark, first, root)
    if wanted <= first.labels.keys():
        return first
    for folder in benchmark.labels[benchmark.labels.index(first.label_folder) + 1 :]:
        labels = list_files(os.path.join(root, folder.path), folder.suffix)
        if wanted and wanted <= labels.keys():
            logger.warning(
                f"{benchmark.name}: {first.label_folder.path}/*{first.label_folder.suffix} lacks "
                f"{len(wanted - first.labels.keys())} labels, which looks like an interrupted "
                f"conversion; {folder.path}/*{folder.suffix} is complete and is used. To complete "
                f"or replace the first, {restore(benchmark)}."
            )
            return replace(first, label_folder=folder, labels=labels)
    return first


def _wanted(benchmark: Benchmark, files: BenchmarkFiles, root: str) -> set[str]:
    """The names that need a label, as far as the split file or the folder of images tells."""
    for folder in benchmark.labels:
        path = os.path.join(root, folder.split_file)
        if folder.split_file and os.path.isfile(path):
            try:
                return set(read_list(path, files.images)) & files.images.keys()
            except ValueError:  # is named when the split is selected
                return set()
    has_splits = any(folder.split_file for folder in benchmark.labels)
    return set() if has_splits else set(files.images)


def select_split(
    benchmark: Benchmark, files: BenchmarkFiles, root: str
) -> tuple[BenchmarkFiles, list[str]]:
    """
    The files that belong to the benchmark, and the names in its split file that have no image;
    FileNotFoundError if the split file is missing.
    """
    if split_file := files.label_folder.split_file:
        path = os.path.join(root, split_file)
        if not os.path.isfile(path):
            raise _missing(benchmark, split_file, root)
        keys = read_list(path, files.images)
        return files.keep(keys), sorted(set(keys) - files.images.keys())
    if any(folder.split_file for folder in benchmark.labels):  # images of all splits in one folder
        files = replace(files, images=files.keep(files.labels).images)
    return files, []


def _check_partners(benchmark: Benchmark, files: BenchmarkFiles, root: str) -> None:
    images, labels = files.images.keys(), files.labels.keys()
    for have, lack, missing in (
        ("images", "annotation", images - labels),
        ("annotations", "image", labels - images),
    ):
        if missing:
            folder = files.image_folder if lack == "image" else files.label_folder
            raise ValueError(
                f"{len(missing)} {have} without {lack}: {first_few(sorted(missing))}"
                f"{_other_endings(root, folder, missing)} (images and "
                f"{files.label_folder.path} under {root}). Expected one annotation for each image, "
                "under the same name; extract the archive again, or remove the extra files. If the "
                f"annotations are converted ones, {restore(benchmark)}."
            )


def _other_endings(root: str, folder: Folder, keys: Iterable[str]) -> str:
    """The files that have one of the names and another ending, for a message."""
    stem = folder.suffix.rpartition(".")[0]
    top = glob.escape(os.path.join(root, folder.path))
    found = [
        f for key in sorted(keys)[:20] for f in glob.glob(f"{top}/{glob.escape(key + stem)}.*")
    ]
    return f"; there are {first_few(found)}, expected *{folder.suffix}" if found else ""


@functools.lru_cache  # warn once: the loader and the evaluator both load the dataset
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
        if files := list_files(os.path.join(root, folder.path), folder.suffix):
            return folder, files
    patterns = (
        f"{folder.path}/*{folder.suffix}{dangling_link(os.path.join(root, folder.path))}"
        for folder in folders
    )
    raise _missing(benchmark, " or ".join(patterns), root)


def _missing(benchmark: Benchmark, what: str, root: str) -> FileNotFoundError:
    return FileNotFoundError(
        f"{benchmark.name} expects {benchmark.num_images} images, found no {what} under "
        f"{os.path.abspath(root)}. Expected there:\n{benchmark.expected_tree()}\n"
        "Set the environment variable DETECTRON2_DATASETS to the folder that has them; "
        "datasets/README.md says where to get them."
    )

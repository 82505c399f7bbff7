"""
Rewriting label files whose pixel values are another list of classes.

Only values that the source is known to have are accepted: a label map that was converted before, or
a coloured image of one, is an error that names the file and not a wrong figure later.
"""

import functools
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..checks import list_files
from ..labels import LabelEncoding, read_label
from .command import Options, argument_parser, run_command
from .runner import Job, Outcome, convert_files

_RESULT_SUFFIX = "TrainIds.png"  # some layouts keep results beside their sources


@dataclass(frozen=True)
class Layout:
    """
    Where label files may be, and where their converted copies belong.

    Args:
        source, target: folders below the root; "{split}" stands for the name of the split.
        source_suffix, target_suffix: how the names of the files end; the rest stays.
    """

    source: str
    target: str
    source_suffix: str = ".png"
    target_suffix: str = ".png"


@dataclass(frozen=True)
class LabelConversion:
    """
    How the label files of a benchmark are converted.

    Args:
        title: the benchmark's name.
        page: the official page, where the files come from.
        splits: "val" and "train" -> the name of the split in the layouts.
        layouts: the first that has files wins.
        encoding: what the values mean; the labels are the train ids that a benchmark reads.
    """

    title: str
    page: str
    splits: Mapping[str, str]
    layouts: tuple[Layout, ...]
    encoding: LabelEncoding


def convert_labels(conversion: LabelConversion, options: Options) -> Outcome:
    """
    Convert the label files of one split; other splits need not be there.

    Raises:
        FileNotFoundError: no layout has files; names the layouts and the official page.
        OSError: a file cannot be written.
    """
    layout, sources = _find_sources(conversion, options)
    folder = options.root / _in_split(layout.target, conversion, options)
    jobs = [
        Job(str(path), folder / f"{name}{layout.target_suffix}", path)
        for name, path in sources.items()
    ]
    return convert_files(
        jobs,
        functools.partial(convert_label, conversion.encoding),
        folder=folder,
        num_workers=options.num_workers,
        description=f"{conversion.title}, {options.split}",
        overwrite=options.overwrite,
    )


def label_command(
    conversion: LabelConversion,
    document: str | None,
    argv: Sequence[str] | None,
    write: Callable[[str], None],
) -> int:
    """
    The command of a conversion that has no options of its own.

    Args:
        conversion: what it converts.
        document: its first paragraph describes the command.
        argv: the arguments; None takes those of the process.
        write: shows the report: `print`.

    Returns:
        int: the exit status.
    """
    options = Options.from_arguments(argument_parser(document).parse_args(argv))
    return run_command(lambda: convert_labels(conversion, options), write)


def convert_label(encoding: LabelEncoding, path: Path) -> bytes:
    """
    Convert a label file.

    Args:
        encoding: what its values mean.
        path: an indexed, 8-bit grey or 16-bit grey image.

    Returns:
        bytes: its train ids as an 8-bit grey PNG.

    Raises:
        ValueError: the file is no label map, or has a value that the encoding does not know.
    """
    return encode_labels(read_label(path, np.uint8, encoding=encoding))


def encode_labels(labels: np.ndarray) -> bytes:
    """An 8-bit grey PNG of a label map, (H, W) uint8."""
    file = io.BytesIO()
    Image.fromarray(labels).save(file, format="PNG")
    return file.getvalue()


def missing_files(title: str, page: str, root: Path, patterns: Iterable[str]) -> FileNotFoundError:
    """The error that says which of `patterns`, paths below `root`, are expected, and whence."""
    tree = "\n".join(f"  {'or ' if i else ''}{pattern}" for i, pattern in enumerate(patterns))
    return FileNotFoundError(
        f"{title}: found no files to convert under {root.absolute()}. Expected there:\n{tree}\n"
        f"They come from {page}; datasets/README.md says which archive to extract where. If they "
        "are elsewhere, name that folder with --root or in the environment variable "
        "DETECTRON2_DATASETS."
    )


def _in_split(folder: str, conversion: LabelConversion, options: Options) -> str:
    return folder.replace("{split}", conversion.splits[options.split])


def _find_sources(conversion: LabelConversion, options: Options) -> tuple[Layout, dict[str, Path]]:
    """The first layout that has files, and its files by name without suffix."""
    patterns = []
    for layout in conversion.layouts:
        folder = _in_split(layout.source, conversion, options)
        if sources := _list_sources(options.root / folder, layout.source_suffix):
            return layout, sources
        patterns.append(f"{folder}/*{layout.source_suffix}")
    raise missing_files(conversion.title, conversion.page, options.root, patterns)


def _list_sources(folder: Path, suffix: str) -> dict[str, Path]:
    """Path below `folder` without suffix -> file, in order; no hidden files and no results."""
    files = list_files(str(folder), suffix)
    return {
        name: Path(files[name])
        for name in sorted(files)
        if not files[name].endswith(_RESULT_SUFFIX)
    }

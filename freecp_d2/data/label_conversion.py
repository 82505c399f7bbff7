"""
Rewriting label files whose pixel values are another list of classes.

Only values that the source is known to have are accepted: a label map that was converted before, or
a coloured picture of one, is an error that names the file and not a wrong figure later.
"""

import functools
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .conversion import Job, Outcome, convert_files
from .conversion_command import Options, argument_parser, run_command

_UNKNOWN = -1
_NUM_VALUES = 1 << 16  # label files have 8 or 16 bits
_INDEX_MODES = ("L", "P", "I", "I;16", "I;16L", "I;16B")
_RESULT_SUFFIX = "TrainIds.png"  # some layouts keep results beside their sources
_DECODE_ERRORS = (OSError, SyntaxError, EOFError, Image.DecompressionBombError)


@dataclass(frozen=True)
class LabelTable:
    """
    What becomes of each value of a label file.

    Args:
        classes: the file's value of the first, second, ... class.
        first_label: what the first class becomes.
        others: the file's further values.
        other_label: what these become.
        hint: the likely cause of a value that is neither, and what to do.
    """

    classes: tuple[int, ...]
    first_label: int
    others: tuple[int, ...]
    other_label: int
    hint: str

    @functools.cached_property
    def lookup(self) -> np.ndarray:
        """The label of each possible value, (65536,) int16; -1 where there is none."""
        table = np.full(_NUM_VALUES, _UNKNOWN, dtype=np.int16)
        table[list(self.classes)] = np.arange(len(self.classes)) + self.first_label
        table[list(self.others)] = self.other_label
        return table


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
        table: what becomes of the values.
    """

    title: str
    page: str
    splits: Mapping[str, str]
    layouts: tuple[Layout, ...]
    table: LabelTable


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
        functools.partial(convert_label, conversion.table),
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


def convert_label(table: LabelTable, path: Path) -> bytes:
    """
    Convert a label file.

    Args:
        table: what becomes of its values.
        path: an indexed, 8-bit grey or 16-bit grey image.

    Returns:
        bytes: an 8-bit grey PNG.

    Raises:
        ValueError: the file is no label map, or has a value that the table does not know.
    """
    values = read_values(path)
    labels = table.lookup[values]
    unknown = labels == _UNKNOWN
    if unknown.any():
        found = np.unique(values[unknown]).tolist()
        raise ValueError(
            f"has the value {', '.join(map(str, found[:5]))}{' ...' if found[5:] else ''}, which "
            f"is none of its source's. {table.hint}"
        )
    return encode_labels(labels.astype(np.uint8))


def read_values(path: Path) -> np.ndarray:
    """
    Read the stored values of a label file.

    Returns:
        ndarray: shape (H, W), integers in 0..65535.

    Raises:
        ValueError: the file is missing, damaged or no label map.
    """
    try:
        with Image.open(path) as image:
            # Decoders stretch grey of fewer than 8 bits to 0..255, which loses the class numbers.
            raw_mode = str(image.tile[0][3]) if image.tile else ""
            stretched = image.mode == "1" or (image.mode == "L" and raw_mode.startswith("L;"))
            mode, values = image.mode, np.asarray(image)
    except _DECODE_ERRORS as error:
        raise ValueError(f"cannot be decoded ({error}).") from error
    if stretched or mode not in _INDEX_MODES:
        raise ValueError(
            f"is stored as {raw_mode or mode}, expected one class number a pixel (indexed, 8-bit "
            "grey or 16-bit grey); take the label file, not its coloured picture."
        )
    if values.min() < 0 or values.max() >= _NUM_VALUES:
        raise ValueError(f"has values {values.min()}..{values.max()}, expected 0..65535.")
    return values


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
    found = {}
    for parent, _, names in os.walk(folder, followlinks=True):
        for name in names:
            is_source = name.endswith(suffix) and not name.endswith(_RESULT_SUFFIX)
            if is_source and not name.startswith("."):
                path = Path(parent, name)
                found[path.relative_to(folder).as_posix().removesuffix(suffix)] = path
    return dict(sorted(found.items()))

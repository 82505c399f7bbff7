"""
Names of the result files, and checks that they do not replace inputs or other files.

`a.jpg` becomes `a`; next to an `a.png`, `a.jpg`; next to an `a.jpg` of another folder, `x/a.jpg`;
next to an `A.JPG`, `a.jpg~1f0c92ab`.
"""

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from ...utils.files import printable
from .inputs import Source, expanded

PAGE = "index.html"

ENDINGS = {
    "record": ".json",
    "overlay": "_overlay.jpg",
    "labels": "_labels.png",
    "scores": "_scores.npz",
    "video": "_labelled.mp4",
    "frames": "_frames.jsonl",
    "raster": "_labels.tif",
}
"""Kind of result -> what follows the name of the input."""

EXPORTS = {
    "coco": ("coco", ".json"),
    "labelme": ("labelme", ".json"),
    "yolo": ("yolo/labels", ".txt"),
    "geojson": ("", ".geojson"),
}
"""Format -> the folder in the output folder, and what follows the name of the input."""

RASTERS = ("geojson", "geotiff")
"""Formats of rasters with a CRS, which replace the labels as PNG; geotiff is written for both."""

FORMATS = (*EXPORTS, "geotiff", "npz", "png")
"""What --format takes; png is written unless a raster is, and npz is --scores."""

_PART_BYTES = 200  # of a part of a path: 255 less the longest ending
_PAGE_START = 1 << 16  # bytes, longer than the style of a page
_PAGE_MARK = b'<p class="kicker">FreeCP</p>'
"""In the start of every page of `gallery.py`."""


def output_names(
    sources: Sequence[Source],
    is_taken: Callable[[Source, Path], bool] = lambda source, name: False,
) -> list[Path]:
    """
    Choose the shortest name for each input that no other input has, and for which `is_taken` (by
    results of an earlier run) does not hold.

    Returns:
        list[Path]: relative, in UTF-8 without control characters, not hidden, short enough for all
        endings, and different also on file systems that ignore case.
    """
    choices, taken = [_choices(source) for source in sources], cache(is_taken)
    while True:
        count = Counter(_key(names[0]) for names in choices)
        unfit = [
            names
            for source, names in zip(sources, choices, strict=True)
            if names[1:] and (count[_key(names[0])] > 1 or taken(source, names[0]))
        ]
        if not unfit:
            return [names[0] for names in choices]
        for names in unfit:
            del names[0]


def result_path(output: Path, name: Path, kind: str = "record") -> Path:
    """The path of a result, one of `ENDINGS`, of the input called `name`."""
    return output / name.with_name(f"{name.name}{ENDINGS[kind]}")


def export_path(output: Path, name: Path, kind: str) -> Path:
    """The path of an export, one of `EXPORTS`, of the input called `name`."""
    folder, ending = EXPORTS[kind]
    return output / folder / name.with_name(f"{name.name}{ending}")


def check_folders(inputs: Sequence[str], output: Path) -> None:
    """ValueError if `output` is or contains an input folder, where results could replace inputs."""
    place = output.resolve()
    for argument in inputs:
        folder = expanded(argument)
        if folder.is_dir() and folder.resolve().is_relative_to(place):
            what = "is" if folder.resolve() == place else "contains"
            raise ValueError(
                f"--output {output} {what} the input folder {argument}, and results could replace "
                f"its files; name another folder, or one inside it: {folder / 'labelled'}"
            )


def check_results(
    sources: Sequence[Source], names: Sequence[Path], output: Path, exports: Sequence[str] = ()
) -> None:
    """ValueError if a result or an export would replace an input, or an export a result."""
    inputs = {os.path.realpath(source.path) for source in sources}
    place = Path(os.path.realpath(output))
    folders = {EXPORTS[kind][0].split("/")[0] for kind in exports}
    for name in names:
        if name.parts[0] in folders and len(name.parts) > 1:
            raise ValueError(
                f'--format writes into the folder "{name.parts[0]}" of {output}, where results of '
                "a folder of the same name among the inputs go; rename that, or label it alone."
            )
        for path in (
            *(result_path(place, name, kind) for kind in ENDINGS),
            *(export_path(place, name, kind) for kind in exports),
        ):
            if str(path) in inputs:
                raise ValueError(
                    f"{printable(path)} is an input and would be replaced by a result; name "
                    "another folder with --output."
                )


def check_page(output: Path) -> None:
    """ValueError if the folder has an `index.html` that this program did not write."""
    page = output / PAGE
    start = page.read_bytes()[:_PAGE_START] if page.is_file() else b""
    if page.is_dir() or (start.strip() and _PAGE_MARK not in start):
        raise ValueError(
            f"{page} was not written by this program, and --report would replace it; move it away, "
            "or name another folder with --output."
        )


def _choices(source: Source) -> list[Path]:
    """Names of an input, from the shortest to one that is unique."""
    relative, absolute = source.relative, Path(os.path.abspath(source.path))
    around = absolute.parts[1 : len(absolute.parts) - len(relative.parts)]
    longer = [Path(*around[i:], relative) for i in reversed(range(len(around) + 1))]
    names = [_clean(name) for name in (relative.with_name(relative.stem), *longer)]
    return [*names, names[1].with_name(f"{names[1].name}~{_hash(os.fsencode(absolute))}")]


def _clean(path: Path) -> Path:
    return Path(*map(_clean_part, path.parts))


def _clean_part(part: str) -> str:
    text = "".join(
        f"%{ord(c) - 0xDC00:02X}" if "\udc80" <= c <= "\udcff" else c if c.isprintable() else "_"
        for c in part
    )
    encoded = ("_" + text[1:] if text.startswith(".") else text).encode()
    if len(encoded) <= _PART_BYTES:
        return encoded.decode()
    return f"{encoded[: _PART_BYTES - 9].decode(errors='ignore')}~{_hash(encoded)}"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]


def _key(name: Path) -> str:
    """Equal for names that are one file where case or Unicode normalization is ignored."""
    return unicodedata.normalize("NFC", str(name)).casefold()

"""
`NAME.json`: what was decided in an image or video. It also marks the other files as complete.

It is removed before the other files are written, and written last.
Inputs with a matching record are skipped: same settings, same input file by name, size and time of
change, and all listed files with their sizes.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...checkpoint.catalogue import EMBEDDED_NAME
from ...d2 import CfgNode
from ...data.images.options import Reading
from ...engine.run_record import config_digest
from ...text import Vocabulary
from ...utils.files import printable, write_whole
from ...version import __version__
from .inputs import Source
from .outputs import result_path

_FORMAT = 3
"""Version of the result files; a new number makes old results out of date."""

_TEMPORARY = re.compile(r"\.(\d+)\.[0-9a-f]{32}\.tmp(\.\w+)?$")
"""Names of the temporary files of `whole_file`, with the process id."""


@dataclass(frozen=True)
class Settings:
    """
    Settings of a run; ValueError if a number is out of its range.

    Attributes:
        config_file, opts: as they were given, for the records.
        cfg: the config with the overrides.
        exports: formats of `outputs.EXPORTS` that are written, too.
        rasters: images are rasters with a CRS, labelled by windows.
        force: finished inputs are labelled again, and edited exports replaced.
    """

    config_file: str
    opts: Sequence[str]
    cfg: CfgNode
    vocabulary: Vocabulary
    output: Path
    scores: bool = False
    overlay_side: int = 2048
    max_megapixels: float = 200.0
    exports: Sequence[str] = ()
    rasters: bool = False
    tolerance: float = 1.0
    force: bool = False

    def __post_init__(self) -> None:
        assert self.reading  # ValueError if it is invalid
        for option, value, low, high in (
            ("--overlay-side", self.overlay_side, 64, 16384),
            ("--tolerance", self.tolerance, 0, 100),
            ("--max-megapixels", self.max_megapixels, 0.001, 2000),
        ):
            if not low <= value <= high:
                raise ValueError(f"{option} is {value:g}; expected {low:g} to {high}.")

    @property
    def reading(self) -> Reading:
        """How images of many bands or more than 8 bits are read; ValueError if it is invalid."""
        return Reading(tuple(self.cfg.INPUT.BANDS), self.cfg.INPUT.VALUE_RANGE)

    @property
    def caveat(self) -> str:
        """A limitation of the weights, or ""."""
        if self.cfg.MODEL.CLIP.PRETRAINED != EMBEDDED_NAME:
            return ""
        return "The weights that ship with this package know drawn pages, not photographs."

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that the result files of an image depend on."""
        content = {
            "format": _FORMAT,
            "version": __version__,
            "config": config_digest(self.cfg),
            "vocabulary": self.vocabulary.digest,
            "scores": self.scores,
            "overlay_side": self.overlay_side,
            **({"raster": True} if self.rasters else {}),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def no_word_left(number: int) -> str:
    """The advice for `number` images and videos without a word."""
    return (
        f"No word is left in {number:,} image{'s' * (number != 1)}; lower "
        "MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH or set REDUNDANCY.MODE to auto."
    )


def head_of(source: Source, settings: Settings) -> dict[str, Any]:
    """The part of a record about the input and the settings; read it before the input."""
    vocabulary = settings.vocabulary
    return {
        "format": _FORMAT,
        "kind": "video" if source.is_video else "image",
        "input": printable(source.path),
        "input_path": printable(os.path.abspath(source.path)),
        "input_file": _file_state(source.path),
        "settings_sha256": settings.digest,
        "config": {"file": printable(settings.config_file), "opts": list(settings.opts)},
        "vocabulary": {
            "name": vocabulary.name,
            "sha256": vocabulary.digest,
            "classes": [list(words) for words in vocabulary.classes],
            "background": list(vocabulary.background),
        },
    }


def find_record(source: Source, name: Path, settings: Settings) -> dict[str, Any] | None:
    """The record of an input that needs no labelling, or None."""
    path = result_path(settings.output, name)
    record = _read(path)
    try:
        matches = (
            record["settings_sha256"] == settings.digest
            and Path(record["input"]).name == Path(printable(source.path)).name
            and record["input_file"] == _file_state(source.path)
            and record["file_bytes"] == _sizes(path.parent, record["files"])
        )
    except (OSError, TypeError, KeyError, AttributeError):
        return None
    return record if matches else None


def is_taken(source: Source, output: Path, name: Path) -> bool:
    """
    Whether the results of this name belong to another input that still exists. That of an input
    that was moved is free, so that its results are found again.
    """
    other = _read(result_path(output, name)).get("input_path")
    if not other or other == printable(os.path.abspath(source.path)):
        return False
    if not os.path.exists(other):
        return "\\" in other  # an escaped name, which may exist
    return not (source.path.exists() and source.path.samefile(other))


def forget_record(output: Path, name: Path) -> None:
    """
    Remove the record before its files change, and make its folder.

    ValueError if its place has a file that this program did not write.
    """
    path = result_path(output, name)
    content = path.read_bytes() if path.is_file() else b""
    # A crash of the machine can leave a file of null bytes.
    if path.is_dir() or (content.strip(b"\0 \r\n") and not _read(path)):
        raise ValueError(
            f"{path} was not written by this program and would be replaced; move it away, or name "
            "another folder with --output"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


def write_record(
    output: Path, name: Path, record: Mapping[str, Any], kinds: Iterable[str]
) -> dict[str, Any]:
    """Write the record with the names and sizes of these results; returns it all."""
    path = result_path(output, name)
    files = {kind: result_path(output, name, kind).name for kind in kinds}
    whole = {**record, "files": files, "file_bytes": _sizes(path.parent, files)}
    write_whole(path, f"{json.dumps(whole, indent=1, allow_nan=False)}\n".encode())
    return whole


def sweep(folder: Path) -> None:
    """Remove the temporary files of dead processes."""
    for name in os.listdir(folder) if folder.is_dir() else ():
        if not (found := _TEMPORARY.match(name)):
            continue
        try:
            os.kill(int(found[1]), 0)
        except ProcessLookupError:
            (folder / name).unlink(missing_ok=True)
        except OSError:  # the process of another user
            continue


def _read(path: Path) -> dict[str, Any]:
    """A record of this program; {} if there is none."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) and "settings_sha256" in record else {}


def _file_state(path: Path) -> dict[str, int]:
    found = path.stat()
    return {"bytes": found.st_size, "modified_ns": found.st_mtime_ns}


def _sizes(folder: Path, files: Mapping[str, str]) -> dict[str, int]:
    return {kind: (folder / file).stat().st_size for kind, file in files.items()}

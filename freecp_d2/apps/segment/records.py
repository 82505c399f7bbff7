"""
`NAME.json`: what was decided in an image or video, and the mark that its other files are complete.

It is written last and removed first. A run leaves alone what has one that fits: the same settings,
the same input file by name, size and time of change, and all files that it lists, at their sizes.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...utils.files import printable, write_whole
from .inputs import Source
from .outputs import ENDINGS
from .settings import Settings

__all__ = [
    "check_record",
    "files_of",
    "find_record",
    "forget_record",
    "head_of",
    "is_taken",
    "record_path",
    "sweep",
    "write_record",
]

_ASIDE = re.compile(r"\.(\d+)\.[0-9a-f]{32}\.tmp(\.\w+)?$")
"""What `files.write_whole` and `video_files` write before they rename it."""

_HEAD = 1 << 16  # bytes, in which a record says what it is of; a thousand words make it long
_INPUT_PATH = re.compile(rb'^ "input_path": (".*"),?$', re.MULTILINE)
_MARK = b'"settings_sha256": "'


def record_path(output: Path, name: Path) -> Path:
    """Where the record of an input called `name` is; not `with_suffix`, for names have dots."""
    return output / name.with_name(f"{name.name}{ENDINGS['record']}")


def head_of(source: Source, settings: Settings) -> dict[str, Any]:
    """The part of a record that says what it is of and how it was made."""
    vocabulary = settings.vocabulary
    return {
        "input": printable(source.path),
        "input_path": _place(source),
        "input_file": _fingerprint(source.path),
        "settings_sha256": settings.digest,
        "config": {"file": printable(settings.config_file), "opts": list(settings.opts)},
        "vocabulary": {
            "name": vocabulary.name,
            "sha256": vocabulary.digest,
            "classes": [list(words) for words in vocabulary.classes],
            "background": list(vocabulary.background),
        },
    }


def files_of(folder: Path, files: Mapping[str, str]) -> dict[str, Any]:
    """The part of a record that says which files are written, and how large they are."""
    sizes = {kind: (folder / file).stat().st_size for kind, file in files.items()}
    return {"files": dict(files), "file_bytes": sizes}


def find_record(source: Source, name: Path, settings: Settings) -> dict[str, Any] | None:
    """The record of an input that an earlier run has finished; None if it has to be labelled."""
    path = record_path(settings.output, name)
    try:
        record = json.loads(path.read_bytes())
        fits = (
            record["settings_sha256"] == settings.digest
            and Path(record["input"]).name == Path(printable(source.path)).name
            and record["input_file"] == _fingerprint(source.path)
            and record["file_bytes"] == files_of(path.parent, record["files"])["file_bytes"]
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return record if fits else None


def is_taken(source: Source, output: Path, name: Path) -> bool:
    """
    Whether the files of a name are those of another input, which is still there.

    An input that was moved leaves its name free, so that what is done stays done.
    """
    found = _INPUT_PATH.search(_head(record_path(output, name)))
    if not found:
        return False
    other = json.loads(found[1])
    is_there = os.path.exists(other)
    if other == _place(source) or not (is_there or "\\" in other):
        return False
    return not (is_there and source.path.exists() and source.path.samefile(other))


def check_record(output: Path, name: Path) -> None:
    """
    Raises:
        ValueError: there is a file where the record would be that this program did not write.
    """
    path = record_path(output, name)
    head = _head(path)
    if path.is_dir() or (head.strip(b"\0 \r\n") and _MARK not in head):
        raise ValueError(
            f"{path} was not written by this program and would be replaced; move it away, or name "
            "another folder with --output"
        )


def forget_record(output: Path, name: Path) -> None:
    """From now until `write_record` the files of this name are not complete."""
    record_path(output, name).unlink(missing_ok=True)


def write_record(output: Path, name: Path, record: Mapping[str, Any]) -> None:
    """Write it whole, as ASCII that every reader of JSON takes."""
    text = json.dumps(record, indent=1, allow_nan=False)
    write_whole(record_path(output, name), f"{text}\n".encode())


def sweep(folder: Path) -> None:
    """Remove what a killed run was writing in a folder; what a living one writes stays."""
    for name in os.listdir(folder) if folder.is_dir() else ():
        found = _ASIDE.match(name)
        if found and not _is_alive(int(found[1])):
            (folder / name).unlink(missing_ok=True)


def _head(path: Path) -> bytes:
    """The beginning of a record; nothing if there is none."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(_HEAD)


def _place(source: Source) -> str:
    return printable(os.path.abspath(source.path))


def _fingerprint(path: Path) -> dict[str, int]:
    found = path.stat()
    return {"bytes": found.st_size, "modified_ns": found.st_mtime_ns}


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's, which is alive
        return True
    return True

"""
Is a file the one that it should be? Size and SHA-256, against what is published or was noted.

Beside a file of our cache lies a note of its hash, `<file>.checked.json`: so that gigabytes are
read once and not at every start, and so that a file of which nobody published a hash is held to the
one that it had when it came. A file that changed since (size or time) is read again.
"""

import functools
import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path

from ..utils.files import write_whole

__all__ = ["check_file", "file_digest", "git_digest", "note_path", "noted_digest"]

_BLOCK = 1 << 20

logger = logging.getLogger(__name__)


def check_file(
    path: Path, *, size: int | None = None, sha256: str = "", keep_note: bool, again: bool = False
) -> str:
    """
    Hold a file to its size and hash.

    Args:
        path: of the file.
        size: bytes, None if unknown.
        sha256: as published; "": the one noted beside the file, if there is one.
        keep_note: note the hash beside the file; for files of our own cache.
        again: read the file even if the note says that it was read.

    Returns:
        str: its SHA-256.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is another file, or a part of it; nothing is deleted.
    """
    status = path.stat()
    if size is not None and status.st_size != size:
        raise ValueError(
            f"{path} has {status.st_size} bytes, expected {size}: it is another file, or a part "
            "of it. Remove it and it is downloaded again, or put the right one there."
        )
    note = _read_note(path) if keep_note else {}
    expected = sha256 or note.get("sha256", "")
    stamp = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
    is_known = stamp == {key: note.get(key) for key in stamp}
    if is_known and not again and note["sha256"] == expected:
        return expected
    found = file_digest(path) if again else _digest_once(path, **stamp)
    if expected and found != expected:
        says = "published" if sha256 else f"noted in {note_path(path).name} when it came"
        raise ValueError(
            f"{path} has the SHA-256 {found}, expected {expected} ({says}): it is damaged or "
            "another file. Nothing was deleted; remove it, and the note beside it, and it is "
            "downloaded again, or put the right one there."
        )
    if keep_note and not is_known:
        _write_note(path, {"sha256": found, **stamp})
    return found


def file_digest(path: Path, progress: Callable[[int], object] | None = None) -> str:
    """
    SHA-256 of a file, hexadecimal.

    Args:
        path: of the file.
        progress: called with the number of bytes of every block that was read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            if progress is not None:
                progress(len(block))
    return digest.hexdigest()


def git_digest(path: Path) -> str:
    """The name that git gives to a file of this content: SHA-1 (hex) of a head and the bytes."""
    content = path.read_bytes()
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def note_path(path: Path) -> Path:
    """Where the hash of a file is noted."""
    return path.with_name(f"{path.name}.checked.json")


def noted_digest(path: Path) -> str:
    """The SHA-256 that is noted beside a file, "" if none is."""
    return _read_note(path).get("sha256", "")


@functools.lru_cache(maxsize=64)
def _digest_once(path: Path, size: int, mtime_ns: int) -> str:
    """`file_digest`, once a process and version of the file."""
    return file_digest(path)


def _read_note(path: Path) -> dict:
    """An unreadable note is none: the file is read again."""
    try:
        note = json.loads(note_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) and isinstance(note.get("sha256"), str) else {}


def _write_note(path: Path, note: dict) -> None:
    """A cache that may only be read costs time at the next start, nothing else."""
    try:
        write_whole(note_path(path), json.dumps(note).encode())
    except OSError as error:
        logger.info("The hash of %s could not be noted beside it (%s).", path, error)

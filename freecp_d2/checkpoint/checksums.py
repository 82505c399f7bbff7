"""
Check the size and SHA-256 of a file.

The hash of a file in our cache is stored beside it in `<file>.checked.json`. The file is hashed
again only if its size or modification time changed. Files without a published hash are compared
with the stored one.
"""

import functools
import hashlib
import json
import logging
from pathlib import Path

from ..utils.files import write_whole

logger = logging.getLogger(__name__)


def check_file(
    path: Path, *, size: int | None = None, sha256: str = "", keep_note: bool, again: bool = False
) -> str:
    """
    The SHA-256 of a file, compared with its expected size and hash.

    Args:
        size: in bytes; None if unknown.
        sha256: the published hash; "": use the hash stored beside the file, if any.
        keep_note: store the hash beside the file, which is in our cache.
        again: hash the file even if its stored hash is up to date.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: size or hash differ; nothing is deleted.
    """
    status = path.stat()
    if size is not None and status.st_size != size:
        raise ValueError(
            f"{path} has {status.st_size} bytes, expected {size}: it is incomplete or another "
            "file. Remove it to download it again, or replace it with the right file."
        )
    note = _read_note(path) if keep_note else {}
    expected = sha256 or note.get("sha256", "")
    stamp = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
    is_current = stamp == {key: note.get(key) for key in stamp}
    if is_current and not again and note["sha256"] == expected:
        return expected
    found = file_digest(path) if again else _digest_once(path, **stamp)
    if expected and found != expected:
        origin = "published" if sha256 else f"stored in {note_path(path).name} at the first use"
        raise ValueError(
            f"{path} has the SHA-256 {found}, expected {expected} ({origin}): it is damaged or "
            "another file. Nothing was deleted. Remove it and its .checked.json to download it "
            "again, or replace it with the right file."
        )
    if keep_note and not is_current:
        try:
            write_whole(note_path(path), json.dumps({"sha256": found, **stamp}).encode())
        except OSError as error:  # a read-only cache: the file is hashed again at the next start
            logger.info("The hash of %s could not be stored beside it (%s).", path, error)
    return found


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@functools.lru_cache(maxsize=64)
def _digest_once(path: Path, size: int, mtime_ns: int) -> str:
    """`file_digest`, once per process, for files of other programs, which have no stored hash."""
    return file_digest(path)


def note_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.checked.json")


def noted_digest(path: Path) -> str:
    """The SHA-256 stored beside a file; "" if there is none."""
    return _read_note(path).get("sha256", "")


def _read_note(path: Path) -> dict:
    try:
        note = json.loads(note_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) and isinstance(note.get("sha256"), str) else {}

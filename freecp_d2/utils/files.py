"""Text files in several encodings, atomic writes and lock files."""

import codecs
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import portalocker

__all__ = ["blaming", "locked", "printable", "read_text", "whole_file", "write_whole"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def printable(name: str | Path) -> str:
    """A file's name for a terminal or a page, on one line; a byte that is no UTF-8 as "\\xff"."""

    def shown(c: str) -> str:
        if "\udc80" <= c <= "\udcff":  # Python's stand-in for a byte
            return f"\\x{ord(c) - 0xDC00:02x}"
        return c if c.isprintable() else c.encode("unicode_escape").decode()

    return "".join(map(shown, str(name)))


def read_text(path: str | Path) -> str:
    """
    Read a text file in UTF-8 or UTF-16, with or without a byte-order mark, or UTF-32 with one.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it has another encoding, or is no text.
    """
    content = Path(path).read_bytes()
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    if not encoding and b"\0" in content[:2]:  # every other byte of ASCII text in UTF-16
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    try:
        text = content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: the byte at {error.start} is neither UTF-8 nor UTF-16, expected text; save "
            "the file as UTF-8."
        ) from error
    if "\0" in text:
        raise ValueError(f"{path} has zero bytes, expected text; save the file as UTF-8.")
    return text


def write_whole(path: str | Path, content: bytes) -> None:
    """
    Write to a temporary file and rename it: readers see the old file or all of the new one.

    Raises:
        OSError: the folder is missing, full or cannot be written to; an older file is untouched.
            It names `path`.
    """
    with whole_file(path) as aside:
        aside.write_bytes(content)


@contextmanager
def whole_file(path: str | Path, suffix: str = "") -> Iterator[Path]:
    """As `write_whole`, in parts: yields the temporary path, which ends in `suffix`."""
    path = Path(path)
    # Not tempfile, whose files only their owner can read.
    aside = path.with_name(f".{os.getpid()}.{uuid.uuid4().hex}.tmp{suffix}")
    try:
        with blaming(path):
            yield aside
            os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def blaming(path: str | Path) -> Iterator[None]:
    """Re-raise `OSError` with this path in place of the temporary one."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


@contextmanager
def locked(path: str | Path, on_wait: Callable[[], None] | None = None) -> Iterator[IO[str]]:
    """
    Hold an exclusive lock on a file, which is created if missing and stays.

    The lock is released when the last process that has the file open ends, also by a kill.

    Args:
        path: the lock file; its folder exists.
        on_wait: called once if another process holds the lock, before waiting for it. To refuse
            in place of waiting, let it raise.

    Yields:
        IO[str]: the open file, in append mode.

    Raises:
        OSError: the file cannot be created or locked.
    """
    while True:
        with open(path, "a", encoding="utf-8") as file:
            try:
                portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
            except portalocker.AlreadyLocked:
                if on_wait is not None:
                    on_wait()
                portalocker.lock(file, portalocker.LOCK_EX)
            except portalocker.LockException as error:
                raise OSError(f"{path} cannot be locked ({error}); use a local disk.") from error
            # Another process may have removed the file between the open and the lock.
            if os.path.exists(path) and os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                yield file
                return

"""Files that appear whole or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["blaming", "write_whole"]


def write_whole(path: str | Path, content: bytes) -> None:
    """
    Write a file aside and rename it, so that who finds it finds all of it.

    Args:
        path: its folder exists; a file of that name is replaced.
        content: all of the file.

    Raises:
        OSError: the folder is missing, full or cannot be written to; an older file is untouched.
            It names `path`.
    """
    path = Path(path)
    # Not tempfile, whose files only their owner can read.
    aside = path.with_name(f".{os.getpid()}.{uuid.uuid4().hex}.tmp")
    try:
        with blaming(path):
            aside.write_bytes(content)
            os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def blaming(path: str | Path) -> Iterator[None]:
    """
    Errors of the system name this file: a full disk names none, and nobody knows the one set aside.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error

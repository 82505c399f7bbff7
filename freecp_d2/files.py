"""Files that appear whole or not at all."""

import os
import uuid
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: str | Path, content: bytes) -> None:
    """
    Write a file aside and rename it, so that who finds it finds all of it.

    Args:
        path: its folder exists; a file of that name is replaced.
        content: all of the file.

    Raises:
        OSError: the folder is missing, full or cannot be written to; an older file is untouched.
    """
    path = Path(path)
    # Not tempfile, whose files only their owner can read.
    aside = path.with_name(f".{os.getpid()}.{uuid.uuid4().hex}.tmp")
    try:
        aside.write_bytes(content)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)

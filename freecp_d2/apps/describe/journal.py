"""
What was accepted, a line each as it comes, so that a killed run goes on and asks nothing twice.

A line is JSON: `word`, `instruction`, `model`, `sentences`, the `sense` that the user meant, and
what was `rejected`, with reasons.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

import portalocker

__all__ = ["Entry", "Journal", "journal_path", "read_journal"]


@dataclass(frozen=True)
class Entry:
    """
    Attributes:
        word: of the vocabulary.
        instruction: the template that was answered.
        model: who answered.
        sentences: that were accepted.
        sense: of the word, as the user says; "" if the vocabulary alone told it.
        rejected: (sentence, what was wrong with it).
    """

    word: str
    instruction: str
    model: str
    sentences: tuple[str, ...]
    sense: str = ""
    rejected: tuple[tuple[str, str], ...] = field(default=())


def journal_path(output: Path) -> Path:
    """Where the journal of a file of descriptions is: beside it."""
    return output.with_name(f"{output.name}.journal")


class Journal:
    """
    A journal that this process alone writes to, until `close`.

    Attributes:
        path: of the file.
        entries: what was in the file when it was opened.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            BlockingIOError: another process writes to it.
            OSError: it cannot be written to, or not be locked.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _open_locked(path)
        except BlockingIOError:
            raise
        except OSError as error:
            raise OSError(
                f"Cannot write {path}: {error.strerror or error}; give an output in a folder that "
                "can be written to."
            ) from error
        self.entries = read_journal(path)
        if self._file.tell() and not _ends_in_newline(self._file):
            self._file.write("\n")
            self._file.flush()

    def write(self, entry: Entry) -> None:
        """Add an entry; after this call it outlives the process."""
        self._file.write(json.dumps(asdict(entry), ensure_ascii=True) + "\n")
        self._file.flush()

    def close(self, *, remove: bool = False) -> None:
        """
        Let others write; an empty file goes.

        Args:
            remove: all that it holds is kept elsewhere.
        """
        if self._file.closed:
            return
        if remove or not self._file.tell():
            self.path.unlink(missing_ok=True)
        self._file.close()


def read_journal(path: Path) -> tuple[Entry, ...]:
    """The entries of a journal; a line that was cut when a process was killed is passed over."""
    return tuple(_entries(path)) if path.is_file() else ()


def _entries(path: Path) -> Iterator[Entry]:
    for line in path.read_bytes().splitlines():
        try:
            content = json.loads(line)
            yield Entry(
                word=str(content["word"]),
                instruction=str(content["instruction"]),
                model=str(content["model"]),
                sentences=tuple(map(str, content["sentences"])),
                sense=str(content.get("sense", "")),
                rejected=tuple((str(a), str(b)) for a, b in content.get("rejected", ())),
            )
        except (ValueError, LookupError, TypeError, AttributeError):
            continue


def _open_locked(path: Path) -> IO[str]:
    """The file, locked, and not one that another process has removed in the meantime."""
    while True:
        file = path.open("a", encoding="utf-8")
        try:
            portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
        except portalocker.AlreadyLocked as error:
            file.close()
            raise BlockingIOError(
                f"{path} is written to by another process, which describes the same words; wait "
                "for it, or give another output."
            ) from error
        except portalocker.LockException as error:
            file.close()
            raise OSError(f"it cannot be locked ({error})") from error
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        file.close()


def _ends_in_newline(file: IO[str]) -> bool:
    with open(file.name, "rb") as content:
        content.seek(-1, os.SEEK_END)
        return content.read(1) == b"\n"

"""Accepted sentences, one answer a line of JSON, so that a killed run asks nothing twice."""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from ...utils.files import locked


@dataclass(frozen=True)
class Entry:
    """The accepted sentences of one answer; `sense` is what the user stated of the word's."""

    word: str
    instruction: str
    model: str
    sentences: tuple[str, ...]
    sense: str = ""


def journal_path(output: Path) -> Path:
    """The journal of a file of descriptions is beside it."""
    return output.with_name(f"{output.name}.journal")


class Journal:
    """
    A journal, locked by this process until `close`; `entries` is what the file held before.

    Raises:
        BlockingIOError: another process has it locked.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        def refuse() -> None:
            raise BlockingIOError(
                f"{path} is locked by another process, which describes words for the same output; "
                "wait for it, or give another --output."
            )

        path.parent.mkdir(parents=True, exist_ok=True)
        self._stack = ExitStack()
        self._path, self._file = path, self._stack.enter_context(locked(path, refuse))
        self.entries = read_journal(path)
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):  # a torn line
            self._file.write("\n")

    def write(self, entry: Entry) -> None:
        """Append an entry; it outlives the process."""
        self._file.write(json.dumps(asdict(entry)) + "\n")
        self._file.flush()

    def close(self, *, remove: bool = False) -> None:
        """Release the lock, and remove the file if it is empty or no longer needed."""
        if not self._file.closed and (remove or not self._file.tell()):
            self._path.unlink(missing_ok=True)
        self._stack.close()


def read_journal(path: Path) -> tuple[Entry, ...]:
    """The entries of a journal, without torn lines; empty if there is no file."""
    entries: list[Entry] = []
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            found = json.loads(line)
            entries.append(Entry(**found | {"sentences": tuple(found["sentences"])}))
        except (ValueError, LookupError, TypeError):
            continue
    return tuple(entries)

"""
From `--input` to files: files, quoted patterns and folders, in an order that does not change.

Hidden files, linked folders and the output folder are left out of folders, as is what is neither
an image nor a video. A pattern leaves out what is in the output folder, too. A file that is named
is always an input.
"""

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .kinds import VIDEOS, looks_like_image

__all__ = ["Failure", "Inputs", "Source", "expanded", "find_inputs", "is_below"]


@dataclass(frozen=True)
class Source:
    """
    Attributes:
        path: the file.
        relative: its path below the folder, or below the first part with `*` of the pattern, that
            it was found in; of a file that was named, its name alone.
        is_video: it is labelled frame by frame.
    """

    path: Path
    relative: Path
    is_video: bool


@dataclass(frozen=True)
class Failure:
    """What was asked for by that name was not done, for that reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Inputs:
    """
    Attributes:
        sources: each file once.
        failures: arguments that lead nowhere, folders that cannot be read.
        num_others: files of folders that are neither images nor videos.
    """

    sources: tuple[Source, ...]
    failures: tuple[Failure, ...]
    num_others: int


def find_inputs(
    inputs: Sequence[str], videos: Sequence[str] = (), output: str | Path | None = None
) -> Inputs:
    """
    Args:
        inputs: files, patterns (`**` reaches into sub-folders), folders with their sub-folders.
        videos: files that are videos whatever they are called.
        output: a folder whose files are no inputs.

    Returns:
        Inputs: in the order of the arguments, files of a pattern or folder by name, `p2` before
        `p10`.
    """
    found: dict[str, Source] = {}
    failures: list[Failure] = []
    search = _Search(os.path.realpath(output) if output else None, failures)
    for sources in (search.argument(argument) for argument in inputs):
        for source in sources:
            found.setdefault(os.path.abspath(source.path), source)
    for name in videos:
        path = expanded(name)
        if os.path.lexists(path):
            found[os.path.abspath(path)] = Source(path, Path(path.name), True)
        else:
            failures.append(Failure(name, "there is no such file"))
    return Inputs(tuple(found.values()), tuple(failures), search.num_others)


class _Search:
    def __init__(self, output: str | None, failures: list[Failure]):
        self.output = output
        self.failures = failures
        self.num_others = 0

    def argument(self, argument: str) -> Iterator[Source]:
        """What one argument of the command line stands for."""
        path = expanded(argument)
        if path.is_dir():
            yield from self._folder(path, path)
        elif os.path.lexists(path):
            yield _named(path, Path(path.name))
        elif glob.has_magic(argument):
            yield from self._pattern(str(path))
        else:
            self.failures.append(Failure(argument, "there is no such file or folder"))

    def _pattern(self, pattern: str) -> Iterator[Source]:
        parts = Path(pattern).parts
        first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
        root = Path(*parts[:first])
        everything = [Path(name) for name in glob.iglob(pattern, recursive=True)]
        matches = sorted(filter(self._is_outside, everything), key=_natural)
        if not matches:
            reason = "no file matches this pattern"
            if everything:
                reason = "what matches this pattern is all in the output folder; name another one"
            self.failures.append(Failure(pattern, reason))
        for match in matches:
            if not match.is_dir():
                yield _named(match, match.relative_to(root))
            elif "**" not in parts:  # which has given the folder's own files
                yield from self._folder(match, root)

    def _folder(self, folder: Path, root: Path) -> Iterator[Source]:
        def report(error: OSError) -> None:
            reason = f"the folder cannot be read: {error.strerror}"
            self.failures.append(Failure(str(error.filename), reason))

        for place, folders, names in os.walk(folder, onerror=report):
            entered = [name for name in folders if self._is_entered(Path(place, name))]
            folders[:] = sorted(entered, key=_natural)
            for name in sorted(names, key=_natural):
                if name.startswith("."):
                    continue
                path = Path(place, name)
                if _is_input(path):
                    yield _named(path, path.relative_to(root))
                else:
                    self.num_others += 1

    def _is_entered(self, folder: Path) -> bool:
        return not folder.name.startswith(".") and os.path.realpath(folder) != self.output

    def _is_outside(self, match: Path) -> bool:
        """Whether it is no result: neither the output folder nor in it."""
        place = match if match.is_dir() else match.parent  # a link to a file is where the link is
        return self.output is None or not is_below(os.path.realpath(place), self.output)


def is_below(path: str, folder: str) -> bool:
    """Whether a path is the folder or in it; of real paths."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _natural(path: str | Path) -> list[tuple[list[tuple[str, int]], str]]:
    """Numbers in names count: `p2` is before `p10`."""

    def pieces(part: str) -> list[tuple[str, int]]:
        found = re.split(r"(\d+)", part)  # text and digits in turn
        return [("", int(piece)) if i % 2 else (piece, 0) for i, piece in enumerate(found)]

    return [(pieces(part), part) for part in Path(path).parts]


def expanded(name: str) -> Path:
    """A home folder for `~`, unless there is a file of that name."""
    return Path(name if os.path.lexists(name) else os.path.expanduser(name))


def _named(path: Path, relative: Path) -> Source:
    return Source(path, relative, path.suffix.lower() in VIDEOS)


def _is_input(path: Path) -> bool:
    """Whether a file of a folder is; a link that leads nowhere is one, as far as its name says."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False  # reading a pipe would wait for ever
    except OSError:
        pass
    return path.suffix.lower() in VIDEOS or looks_like_image(path)

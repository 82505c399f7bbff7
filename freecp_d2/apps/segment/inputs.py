"""
Find the input files of a run: named files, quoted patterns and folders, in a stable order.

In folders, hidden files, linked folders, the output folder and files of other kinds are skipped.
Patterns skip the output folder. A named file is always an input.
"""

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...data.image_formats import looks_like_image

_VIDEOS = ".3gp .asf .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm .wmv"
VIDEO_SUFFIXES = frozenset(_VIDEOS.split())


@dataclass(frozen=True)
class Source:
    """
    An input file.

    `relative` is its path below the input folder, or below the first part of the pattern with a
    wildcard; the file name alone for a named file.
    """

    path: Path
    relative: Path
    is_video: bool


@dataclass(frozen=True)
class FailedInput:
    """An input that could not be found or labelled, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Inputs:
    """Each file once, arguments without a file, and the number of other files in folders."""

    sources: tuple[Source, ...]
    failures: tuple[FailedInput, ...]
    num_others: int


def find_inputs(
    inputs: Sequence[str], videos: Sequence[str] = (), output: str | Path | None = None
) -> Inputs:
    """
    Args:
        inputs: files, patterns (`**` includes sub-folders), folders with their sub-folders.
        videos: files that are videos whatever their suffix.
        output: a folder whose files are skipped.

    Returns:
        Inputs: in the order of the arguments, then by name, `p2` before `p10`.
    """
    search = _Search(os.path.realpath(output) if output else None)
    found: dict[str, Source] = {}
    for argument in inputs:
        for source in search.argument(argument):
            found.setdefault(os.path.abspath(source.path), source)
    for name in videos:
        path = expanded(name)
        if os.path.lexists(path):
            found[os.path.abspath(path)] = Source(path, Path(path.name), True)
        else:
            search.failures.append(FailedInput(name, "there is no such file"))
    return Inputs(tuple(found.values()), tuple(search.failures), search.num_others)


class _Search:
    """Expands arguments, and collects failures and the number of skipped files."""

    def __init__(self, output: str | None):
        self.output = output
        self.failures: list[FailedInput] = []
        self.num_others = 0

    def argument(self, argument: str) -> Iterator[Source]:
        path = expanded(argument)
        if path.is_dir():
            yield from self._folder(path, path)
        elif os.path.lexists(path):
            yield _source(path, Path(path.name))
        elif glob.has_magic(argument):
            yield from self._pattern(str(path))
        else:
            self.failures.append(FailedInput(argument, "there is no such file or folder"))

    def _pattern(self, pattern: str) -> Iterator[Source]:
        parts = Path(pattern).parts
        first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
        root = Path(*parts[:first])
        everything = [Path(name) for name in glob.iglob(pattern, recursive=True)]
        matches = sorted(filter(self._is_outside, everything), key=_natural)
        if not matches:
            reason = "no file matches this pattern"
            if everything:
                reason = "all matches of this pattern are in the output folder; name another one"
            self.failures.append(FailedInput(pattern, reason))
        for match in matches:
            if not match.is_dir():
                yield _source(match, match.relative_to(root))
            elif "**" not in parts:  # `**` matches the files of folders, too
                yield from self._folder(match, root)

    def _is_outside(self, match: Path) -> bool:
        """Whether a match is neither the output folder nor in it."""
        folder = match if match.is_dir() else match.parent  # links to files are not resolved
        return self.output is None or not is_below(os.path.realpath(folder), self.output)

    def _folder(self, folder: Path, root: Path) -> Iterator[Source]:
        def report(error: OSError) -> None:
            reason = f"the folder cannot be read: {error.strerror}"
            self.failures.append(FailedInput(str(error.filename), reason))

        for place, folders, names in os.walk(folder, onerror=report):
            folders[:] = [
                name
                for name in sorted(folders, key=_natural)
                if not name.startswith(".") and os.path.realpath(Path(place, name)) != self.output
            ]
            for name in sorted(names, key=_natural):
                path = Path(place, name)
                if name.startswith("."):
                    continue
                if _is_input(path):
                    yield _source(path, path.relative_to(root))
                else:
                    self.num_others += 1


def check_file(path: Path) -> None:
    """
    Raises:
        ValueError: the path is not a regular file; the message is the reason, without the path.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if path.is_symlink():
            raise ValueError("it is a link that leads nowhere") from error
        is_gone = isinstance(error, FileNotFoundError)
        raise ValueError("there is no such file" if is_gone else str(error.strerror)) from error
    if not stat.S_ISREG(mode):
        raise ValueError("it is not a regular file")


def expanded(name: str) -> Path:
    """The path with `~` expanded, unless a file has that name."""
    return Path(name if os.path.lexists(name) else os.path.expanduser(name))


def is_below(path: str, folder: str) -> bool:
    """Whether a real path is the folder or in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _natural(path: str | Path) -> list[tuple[list[tuple[str, int]], str]]:
    """Sort key in which numbers count: `p2` comes before `p10`."""

    def pieces(part: str) -> list[tuple[str, int]]:
        found = re.split(r"(\d+)", part)  # text and digits in turn
        return [("", int(piece)) if i % 2 else (piece, 0) for i, piece in enumerate(found)]

    return [(pieces(part), part) for part in Path(path).parts]


def _source(path: Path, relative: Path) -> Source:
    return Source(path, relative, path.suffix.lower() in VIDEO_SUFFIXES)


def _is_input(path: Path) -> bool:
    """Whether a file of a folder is an input; a dangling link is one if its suffix fits."""
    if path.exists() and not path.is_file():
        return False  # reading a pipe would block
    return path.suffix.lower() in VIDEO_SUFFIXES or looks_like_image(path)

"""
Find the input files of a run: named files, quoted patterns and folders, in a stable order.

In folders, hidden files, the output folder and files of other kinds are skipped, and each linked
folder is read once. Patterns skip the output folder. A named file is always an input.
"""

import glob
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...data.file_lists import walk_files
from ...data.images.refused_formats import is_address, looks_like_image

_VIDEOS = ".3gp .asf .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm .wmv"
VIDEO_SUFFIXES = frozenset(_VIDEOS.split())


class Source(NamedTuple):
    """
    An input file; `relative` is its path below the input folder, or below the first part of the
    pattern with a wildcard, and the file name alone for a named file.
    """

    path: Path
    relative: Path
    is_video: bool


class FailedInput(NamedTuple):
    """An input that could not be found or labelled, and why."""

    name: str
    reason: str


class Inputs:
    """
    Args:
        inputs: files, patterns (`**` includes sub-folders), folders with their sub-folders.
        videos: files that are videos whatever their suffix.
        output: a folder whose files are skipped.

    Attributes:
        sources: each file once, in the order of the arguments, then by name, `p2` before `p10`.
        failures: arguments without a file.
        num_others: files of other kinds in folders.
    """

    def __init__(
        self, inputs: Sequence[str], videos: Sequence[str] = (), output: str | Path | None = None
    ):
        self._output = os.path.realpath(output) if output else None
        self._found: dict[str, Source] = {}
        self.failures: list[FailedInput] = []
        self.num_others = 0
        for argument in inputs:
            path = expanded(argument)
            if path.is_dir():
                self._add_folder(path, path)
            elif os.path.lexists(path):
                self._add(path, Path(path.name))
            elif is_address(argument):
                self._fail(argument, "it is an address; download it, and name the file")
            elif glob.has_magic(argument):
                self._add_pattern(str(path))
            else:
                self._fail(argument, "there is no such file or folder")
        for name in videos:
            path = expanded(name)
            if os.path.lexists(path):
                self._found[os.path.abspath(path)] = Source(path, Path(path.name), True)
            else:
                self._fail(name, "there is no such file")

    @property
    def sources(self) -> list[Source]:
        return list(self._found.values())

    def _add(self, path: Path, relative: Path) -> None:
        source = Source(path, relative, path.suffix.lower() in VIDEO_SUFFIXES)
        self._found.setdefault(os.path.abspath(path), source)

    def _fail(self, name: str, reason: str) -> None:
        self.failures.append(FailedInput(name, reason))

    def _add_pattern(self, pattern: str) -> None:
        parts = Path(pattern).parts
        first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
        root = Path(*parts[:first])
        everything = [Path(name) for name in glob.iglob(pattern, recursive=True)]
        matches = sorted(filter(self._is_outside, everything), key=_natural)
        if not everything:
            self._fail(pattern, "no file matches this pattern")
        elif not matches:
            reason = "all matches of this pattern are in the output folder; name another one"
            self._fail(pattern, reason)
        for match in matches:
            if not match.is_dir():
                self._add(match, match.relative_to(root))
            elif "**" not in parts:  # `**` matches the files of folders, too
                self._add_folder(match, root)

    def _is_outside(self, match: Path) -> bool:
        """Whether a match is neither the output folder nor in it."""
        folder = match if match.is_dir() else match.parent  # links to files are not resolved
        return self._output is None or not folder.resolve().is_relative_to(self._output)

    def _add_folder(self, folder: Path, root: Path) -> None:
        def report(error: OSError) -> None:
            self._fail(str(error.filename), f"the folder cannot be read: {error.strerror}")

        for path in map(Path, sorted(walk_files(str(folder), report), key=_natural)):
            if not self._is_outside(path):
                continue
            if _is_input(path):
                self._add(path, path.relative_to(root))
            else:
                self.num_others += 1


def check_file(path: Path) -> None:
    """ValueError with the reason, without the path, if that is not a regular file."""
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
    """The path with `~` expanded: the shell does not do it in quoted patterns."""
    return Path(os.path.expanduser(name))


def _natural(path: str | Path) -> list[tuple[bool, str, str]]:
    """
    Sort key in which numbers count, `p2` comes before `p10`, and the files of a folder come before
    those of its sub-folders.
    """
    *folders, name = ((re.sub(r"\d+", lambda n: n[0].zfill(20), p), p) for p in Path(path).parts)
    return [*((True, *folder) for folder in folders), (False, *name)]


def _is_input(path: Path) -> bool:
    """Whether a file of a folder is an input; a dangling link is one if its suffix fits."""
    if path.exists() and not path.is_file():
        return False  # reading a pipe would block
    return path.suffix.lower() in VIDEO_SUFFIXES or looks_like_image(path)

"""
Convert many files in parallel. A repeated run continues where the last one stopped.

Files are written atomically, so that an existing file is complete and is skipped.
"""

import functools
import re
import signal
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ...utils.files import write_whole
from ...utils.processes import end_with_parent

_CHUNK = 8  # files that a process takes at a time
_LEFTOVER = re.compile(r"\.\d+\.[0-9a-f]{32}\.tmp")  # the temporary files of `write_whole`


@dataclass(frozen=True)
class Options:
    """Options of all conversions."""

    root: Path  # the folder of all datasets
    split: str = "val"  # or "train"
    num_workers: int = 1  # 1 converts in this process
    overwrite: bool = False  # also convert files that exist


@dataclass(frozen=True)
class Job:
    """One file to write."""

    source: str  # its name in the report
    target: Path
    content: Any  # the argument of the converting function; it can be pickled


@dataclass(frozen=True)
class ConversionReport:
    """The result of a conversion; `str` gives the text for the user."""

    folder: str
    written: int
    kept: int = 0  # the number of files that existed
    broken: tuple[str, ...] = ()  # "source: problem" for each source that was not converted
    notes: tuple[str, ...] = ()  # sentences for the end of the text

    def __str__(self) -> str:
        kept = f", {self.kept:,} were there already" if self.kept else ""
        lines = [f"{self.written:,} files written to {self.folder}{kept}."]
        if self.broken:
            lines += [
                f"{len(self.broken):,} could not be converted:",
                *(f"  {entry}" for entry in self.broken),
                "Replace these files and repeat the command: it converts what is missing. If all "
                "files were the wrong ones, add --overwrite to convert them all again.",
            ]
        return "\n".join([*lines, *self.notes])


def convert_files(
    jobs: Sequence[Job],
    convert: Callable[[Any], bytes],
    *,
    folder: Path,
    options: Options,
) -> ConversionReport:
    """
    Write the file of each job, with a progress bar on a terminal.

    Args:
        jobs: existing targets are skipped unless `options.overwrite`.
        convert: makes the file from a job's content; raises ValueError for a bad source, which the
            report lists. It is pickled.
        folder: all targets are below it.
    """
    folders = {job.target.parent for job in jobs}
    for parent in folders:
        parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folders)
    todo = [job for job in jobs if options.overwrite or not job.target.exists()]
    broken = []
    run = _run(functools.partial(_convert, convert), todo, options.num_workers)
    try:
        with (
            closing(run) as results,
            tqdm(total=len(todo), desc=folder.name, unit="file", disable=None) as bar,
        ):
            for job, problem in zip(todo, results, strict=True):
                bar.update()
                if problem:
                    broken.append(f"{job.source}: {problem.removeprefix(f'{job.source}: ')}")
    finally:
        _remove_leftovers(folders)
    kept = len(jobs) - len(todo)
    return ConversionReport(str(folder), len(todo) - len(broken), kept, tuple(broken))


def _remove_leftovers(folders: Iterable[Path]) -> None:
    """Remove the temporary files of killed processes."""
    for folder in folders:
        for path in folder.glob(".*.tmp"):
            if _LEFTOVER.fullmatch(path.name):
                path.unlink(missing_ok=True)


def _run(
    convert: Callable[[Job], str], jobs: Sequence[Job], num_workers: int
) -> Generator[str, None, None]:
    """Yield `convert(job)` for each job; closing the generator ends the processes."""
    if num_workers == 1 or len(jobs) < 2:
        yield from map(convert, jobs)
        return
    pool = ProcessPoolExecutor(min(num_workers, len(jobs)), initializer=_start_worker)
    try:
        yield from pool.map(convert, jobs, chunksize=_CHUNK)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    """Ignore Ctrl-C, which the parent handles, and exit when the parent ends, even if killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


def _convert(convert: Callable[[Any], bytes], job: Job) -> str:
    """Write one file, and return what is wrong with its source, or ""."""
    try:
        content = convert(job.content)
    except ValueError as error:
        return str(error)
    write_whole(job.target, content)
    return ""

"""
Converting many files: in parallel, continued where a run before it ended, and with a report of the
sources that could not be converted.

A file appears under its name only when it is whole, so what is there needs no second look.
"""

import functools
import multiprocessing
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ...utils.files import write_whole

_CHUNK = 8  # files that a process takes at a time
_LEFTOVER = re.compile(r"\.\d+\.[0-9a-f]{32}\.tmp")  # how `write_whole` names what it sets aside


@dataclass(frozen=True)
class Job:
    """
    One file to write.

    Args:
        source: what it is made from, as a report names it.
        target: the file.
        content: what the converting function is given; it can be pickled.
    """

    source: str
    target: Path
    content: Any


@dataclass(frozen=True)
class Outcome:
    """
    What a conversion did; `str` of it is the report.

    Args:
        folder: where the files are.
        written: the number of files that this run wrote.
        kept: the number of files that were there before.
        broken: "source: what is wrong with it", for each that was not converted.
        notes: sentences for the end of the report.
    """

    folder: str
    written: int
    kept: int = 0
    broken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        kept = f", {self.kept:,} were there already" if self.kept else ""
        lines = [f"{self.written:,} files written to {self.folder}{kept}."]
        if self.broken:
            lines += [
                f"{len(self.broken):,} could not be converted:",
                *(f"  {entry}" for entry in self.broken),
                "Get these again and repeat the command: it converts what is missing. If they were "
                "the wrong files altogether, add --overwrite, which converts all of them anew.",
            ]
        return "\n".join([*lines, *self.notes])

    @property
    def status(self) -> int:
        """The exit status of a command: 0 if nothing is missing."""
        return 1 if self.broken else 0


def convert_files(
    jobs: Iterable[Job],
    convert: Callable[[Any], bytes],
    *,
    folder: str | Path,
    num_workers: int = 1,
    description: str = "",
    overwrite: bool = False,
) -> Outcome:
    """
    Write a file for each job that has none yet, with a progress bar where there is a terminal.

    Args:
        jobs: their targets differ.
        convert: makes a file of a job's content, and raises ValueError to say what is wrong with
            it. A function of a module, as other processes import it, or a `partial` of one.
        folder: all targets lie below it.
        num_workers: processes; 1 converts in this one.
        description: stands before the progress bar.
        overwrite: write the files that are there as well.

    Returns:
        Outcome: sources for which `convert` raised ValueError are listed, the others are done.

    Raises:
        ValueError: two jobs have one target.
        OSError: a target cannot be written.
    """
    jobs = list(jobs)
    _check_targets(jobs)
    folders = {job.target.parent for job in jobs}
    for parent in folders:
        parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folders)
    todo = [job for job in jobs if overwrite or not job.target.exists()]
    broken = []
    try:
        with (
            closing(_run(functools.partial(_convert, convert), todo, num_workers)) as results,
            tqdm(total=len(todo), desc=description, unit="file", disable=None) as bar,
        ):
            for job, problem in zip(todo, results, strict=True):
                bar.update()
                if problem:
                    broken.append(f"{job.source}: {problem.removeprefix(f'{job.source}: ')}")
    finally:
        _remove_leftovers(folders)
    kept = len(jobs) - len(todo)
    return Outcome(str(folder), len(todo) - len(broken), kept, tuple(broken))


def _check_targets(jobs: Sequence[Job]) -> None:
    for target, count in Counter(job.target for job in jobs).most_common(1):
        if count > 1:
            sources = " and ".join([job.source for job in jobs if job.target == target][:2])
            raise ValueError(
                f"{sources} would both become {target}; expected one source for each file, remove "
                "the copy."
            )


def _remove_leftovers(folders: Iterable[Path]) -> None:
    """Remove what a killed run had set aside and not finished."""
    for folder in folders:
        for path in folder.glob(".*.tmp"):
            if _LEFTOVER.fullmatch(path.name):
                path.unlink(missing_ok=True)


def _run(
    convert: Callable[[Job], str], jobs: Sequence[Job], num_workers: int
) -> Generator[str, None, None]:
    """`convert` of each job, in order; closing the generator ends the processes."""
    if num_workers == 1 or len(jobs) < 2:
        yield from map(convert, jobs)
        return
    pool = ProcessPoolExecutor(min(num_workers, len(jobs)), initializer=_start_worker)
    try:
        yield from pool.map(convert, jobs, chunksize=_CHUNK)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the first process, and do not outlive it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker is started by another process"
    parent.join()
    os._exit(1)


def _convert(convert: Callable[[Any], bytes], job: Job) -> str:
    """Write one file; returns what is wrong with its source, "" if it is written."""
    try:
        content = convert(job.content)
    except ValueError as error:
        return str(error)
    write_whole(job.target, content)
    return ""

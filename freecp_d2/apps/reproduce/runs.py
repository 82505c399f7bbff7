"""
One run as a process of `train_net.py`: whether it is done, doing it, and what came of it.

Only a finished run leaves a `results.json`, and it counts only for the config and the words that
it names: a run that was killed, or made with another config, is simply made again.
"""

import fcntl
import functools
import json
import os
import shlex
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...d2 import DatasetCatalog
from ...data import datasets_root
from .grid import Run

LOG_NAME = "console.txt"
_TAIL_LINES = 15
_POLL_SECONDS = 1.0

Progress = Callable[[str], None]


def read_record(run: Run) -> dict[str, Any] | None:
    """
    The `results.json` of a run that is done; None if it is not, or not with this config, these
    words, these files and as many images as are there now.
    """
    path = run.folder / "results.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        words = record["vocabulary"]["sha256"]
        if record["config_sha256"] != run.digest or words != run.vocabulary:
            return None
        evaluated = {name: counts["evaluated"] for name, counts in record["images"].items()}
        changed = _changed_files(run, path.stat().st_mtime)
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return None
    limit, root = run.cfg.TEST.NUM_IMAGES, datasets_root()
    expected = {name: _num_images(name, limit, root) for name in run.cfg.DATASETS.TEST}
    return record if evaluated == expected and not changed else None


@functools.cache  # listing a benchmark reads its folders
def _num_images(dataset: str, limit: int, root: str) -> int:
    """How many a run takes of what is found in `root`, the folder of all datasets."""
    available = len(DatasetCatalog.get(dataset))
    return min(limit, available) if limit else available


def _changed_files(run: Run, since: float) -> list[str]:
    """Files that the config names by their path, which its digest does not look into."""
    text, clip = run.cfg.MODEL.TEXT, run.cfg.MODEL.CLIP
    named = (text.DESCRIPTIONS, text.WORD_DESCRIPTIONS, clip.PRETRAINED, clip.MERGES)
    return [name for name in named if os.path.isfile(name) and os.path.getmtime(name) > since]


def command_of(run: Run, root: Path, num_gpus: int = 1) -> list[str]:
    """
    Returns:
        list[str]: what runs it alone, Python first; paths are relative where that is shorter.
    """
    command = [sys.executable, _short(root / "train_net.py"), "--eval-only"]
    command += ["--config", _short(run.config_file), "--num-gpus", str(num_gpus)]
    command += ["--dist-url", "auto"] if num_gpus > 1 else []
    command += [word for name in run.imports for word in ("--import", name)]
    return command + list(run.opts)


def command_line(run: Run, root: Path, num_gpus: int = 1) -> str:
    """The same for a shell."""
    return shlex.join(["python", *command_of(run, root, num_gpus)[1:]])


def execute(run: Run, root: Path, num_gpus: int, progress: Progress) -> str:
    """
    Make a run, unless another process has just done so.

    Args:
        root: of the repository.
        num_gpus: processes of the run.
        progress: called about every second with how far it is.

    Returns:
        str: "" if it is done; else a line that says why not, and the last lines of its output.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    with _locked(run.folder / ".lock", progress) as lock:
        if read_record(run) is not None:
            return ""
        (run.folder / "results.json").unlink(missing_ok=True)
        log = run.folder / LOG_NAME
        with open(log, "wb") as output:
            process = subprocess.Popen(
                command_of(run, root, num_gpus),
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),  # outlives this process if only this one is killed
            )
            _wait(process, log, progress)
    if process.returncode == 0 and read_record(run) is not None:
        return ""
    what = f"exit code {process.returncode}"
    if process.returncode == 0:
        what = "ended well, but left no results.json of this config"
    lines = "\n".join(f"    {line}" for line in _last_lines(log, _TAIL_LINES))
    return f"{what}; its output is in {log}\n{lines}"


def _wait(process: subprocess.Popen, log: Path, progress: Progress) -> None:
    """Until it ends; it does not outlive an exception here, such as Ctrl-C."""
    try:
        while True:
            try:
                process.wait(_POLL_SECONDS)
                return
            except subprocess.TimeoutExpired:
                progress(_stage(log))
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[int]:
    """
    Nobody else makes this run meanwhile: not another command, and not a process that was left
    behind when its command was killed. Yields the file descriptor that holds the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process is at it; waiting for it to end")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)  # the lock goes with the last process that holds it


def _stage(log: Path) -> str:
    """How far a run is, by what it last said of it."""
    for line in reversed(_last_lines(log, 50)):
        if "Inference done" in line:
            done = line.partition("Inference done ")[2].split()[0].rstrip(".")
            rest = line.rpartition("ETA=")[2].strip() if "ETA=" in line else ""
            return f"image {done}" + (f", {rest} left" if rest else "")
    return "starting"


def _last_lines(path: Path, count: int) -> list[str]:
    with open(path, encoding="utf-8", errors="replace") as file:
        return [line.rstrip() for line in deque(file, maxlen=count)]


def _short(path: Path) -> str:
    """Relative to the working directory if it is below it."""
    path, here = path.absolute(), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)

"""
One run as a process of `train_net.py`.

Only a finished run has a `results.json`, which is valid for the config and the words that it
names. A killed run continues with the images that it lacks; one with another config is made again.
"""

import functools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from ...d2 import DatasetCatalog
from ...data.benchmark_files import datasets_root
from ...engine import check_resume
from ...engine.resuming import FACTS, FOLDER
from ...modeling.text_head import vocabulary_from_config
from ...utils.files import locked
from .plan import Run

LOG_NAME = "console.txt"
_TAIL_LINES = 15


def read_record(run: Run) -> dict[str, Any] | None:
    """
    The `results.json` of a finished run, or None.

    It is not valid with another config, other words, newer files or another number of images.
    """
    path = run.folder / "results.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        found = record["config_sha256"], record["vocabulary"]["sha256"]
        evaluated = {name: counts["evaluated"] for name, counts in record["images"].items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    if found != (run.digest, run.vocabulary) or _has_newer_files(run, path.stat().st_mtime):
        return None
    limit, root = run.cfg.TEST.NUM_IMAGES, datasets_root()
    expected = {name: _num_images(name, limit, root) for name in run.cfg.DATASETS.TEST}
    return record if evaluated == expected else None


def _has_newer_files(run: Run, time: float) -> bool:
    """Whether a file of the config, whose content the digest does not include, is newer."""
    text, clip = run.cfg.MODEL.TEXT, run.cfg.MODEL.CLIP
    files = (text.DESCRIPTIONS, text.WORD_DESCRIPTIONS, clip.PRETRAINED, clip.MERGES)
    return any(os.path.isfile(name) and os.path.getmtime(name) > time for name in files)


def _resume_option(run: Run) -> list[str]:
    """`--resume` if the folder has results of an interrupted run with the same settings."""
    started = run.folder / FOLDER / FACTS
    if not started.is_file() or _has_newer_files(run, started.stat().st_mtime):
        return []
    try:
        check_resume(run.cfg, vocabulary_from_config(run.cfg))
    except ValueError:
        return []
    return ["--resume"]


@functools.cache  # listing a benchmark reads its folders
def _num_images(dataset: str, limit: int, root: str) -> int:
    """Number of images of a run; `root` is the folder of all datasets."""
    available = len(DatasetCatalog.get(dataset))
    return min(limit, available) if limit else available


def command_of(run: Run, root: Path, num_gpus: int = 1) -> list[str]:
    """The command of a run; paths below the working directory are relative."""
    program = ["-m", "freecp", "evaluate"]
    if (root / "train_net.py").is_file():  # a clone, not an installed package
        program = [_short(root / "train_net.py")]
    command = [sys.executable, *program, "--eval-only"]
    command += ["--config", _short(run.config_file), "--num-gpus", str(num_gpus)]
    command += ["--dist-url", "auto"] if num_gpus > 1 else []
    command += [word for name in run.imports for word in ("--import", name)]
    return command + list(run.opts)


def command_line(run: Run, root: Path, num_gpus: int = 1) -> str:
    """The command of a run for a shell."""
    return shlex.join(["python", *command_of(run, root, num_gpus)[1:]])


def execute(run: Run, root: Path, num_gpus: int = 1) -> str:
    """
    Make a run, unless it is done. A lock excludes other commands, also if this one is killed.

    Returns:
        str: "" if it is done; else a line with the reason, and the last lines of its output.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    log = run.folder / LOG_NAME
    with locked(run.folder / ".lock", lambda: print("    waiting for another process")) as lock:
        if read_record(run) is not None:
            return ""
        (run.folder / "results.json").unlink(missing_ok=True)
        with open(log, "wb") as output:
            process = subprocess.run(
                command_of(run, root, num_gpus) + _resume_option(run),
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(lock.fileno(),),  # the child keeps the lock if this process is killed
                check=False,
            )
        if process.returncode == 0 and read_record(run) is not None:
            return ""
    reason = f"exit code {process.returncode}"
    if process.returncode == 0:
        reason = "ended without error, but left no results.json of this config"
    tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    return "\n".join([f"{reason}; its output is in {log}", *tail])


def _short(path: Path) -> str:
    path, here = path.absolute(), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)

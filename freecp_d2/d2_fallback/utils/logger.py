"""
Loggers: colour on the terminal of rank 0, a plain file for every rank.

Counterpart of `detectron2/utils/logger.py`. Leaves out: buffering of remote log files,
`create_small_table`, API usage counters.
"""

from __future__ import annotations

import atexit
import functools
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Hashable
from typing import IO

from termcolor import colored

from .file_io import PathManager

__all__ = ["log_every_n", "log_every_n_seconds", "log_first_n", "setup_logger"]

_DATE_FORMAT = "%m/%d %H:%M:%S"


class _ColorfulFormatter(logging.Formatter):
    """Abbreviates the logger's name and marks warnings and errors in red."""

    def __init__(self, root_name: str, abbrev_name: str) -> None:
        super().__init__(
            colored("[%(asctime)s %(name)s]: ", "green") + "%(message)s", datefmt=_DATE_FORMAT
        )
        self._root = root_name + "."
        self._abbreviation = abbrev_name + "." if abbrev_name else ""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        # The record is shared with the other handlers, so its name is put back.
        full_name = record.name
        record.name = full_name.replace(self._root, self._abbreviation)
        text = super().formatMessage(record)
        record.name = full_name
        if record.levelno >= logging.ERROR:
            return colored("ERROR", "red", attrs=["blink", "underline"]) + " " + text
        if record.levelno >= logging.WARNING:
            return colored("WARNING", "red", attrs=["blink"]) + " " + text
        return text


@functools.cache  # the same call again adds no second handler
def setup_logger(
    output: str | None = None,
    distributed_rank: int = 0,
    *,
    color: bool = True,
    name: str = "detectron2",
    abbrev_name: str | None = None,
    enable_propagation: bool = False,
    configure_stdout: bool = True,
) -> logging.Logger:
    """
    Give a logger its handlers, at level DEBUG. Calling it again with the same arguments is free.

    Args:
        output: a `.txt` or `.log` file, or a folder that gets `log.txt`; None for no file. Rank r >
            0 writes to the same name with `.rank<r>` behind.
        distributed_rank: rank of this process; only rank 0 writes to the terminal.
        color: colour on the terminal.
        name: the logger, with all below it.
        abbrev_name: what to show for `name`; default `d2` for `detectron2`, else `name`.
        enable_propagation: also pass records on to the parent logger.
        configure_stdout: write to the terminal at all.

    Returns:
        logging.Logger: the logger called `name`.
    """
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    logger.propagate = enable_propagation
    if abbrev_name is None:
        abbrev_name = "d2" if name == "detectron2" else name
    plain = logging.Formatter(
        "[%(asctime)s] %(name)s %(levelname)s: %(message)s", datefmt=_DATE_FORMAT
    )
    if configure_stdout and distributed_rank == 0:
        terminal = logging.StreamHandler(stream=sys.stdout)
        terminal.setFormatter(_ColorfulFormatter(name, abbrev_name) if color else plain)
        logger.addHandler(terminal)
    if output is not None:
        file = logging.StreamHandler(_log_stream(_log_file(output, distributed_rank)))
        file.setFormatter(plain)
        logger.addHandler(file)
    return logger


def _log_file(output: str, rank: int) -> str:
    """The log file of one rank; its folder exists afterwards."""
    path = output if output.endswith((".txt", ".log")) else os.path.join(output, "log.txt")
    if rank > 0:
        path += f".rank{rank}"
    PathManager.mkdirs(os.path.dirname(path) or ".")
    return path


@functools.cache  # loggers that share a file share its stream
def _log_stream(path: str) -> IO[str]:
    stream = PathManager.open(path, "a")
    atexit.register(stream.close)
    return stream


# The three helpers below follow abseil's log_first_n, log_every_n and log_every_n_seconds:
# https://github.com/abseil/abseil-py/blob/main/absl/logging/__init__.py (Apache-2.0)
_LOG_COUNTER: Counter[Hashable] = Counter()
_LOG_TIMER: dict[Hashable, float] = {}


def _find_caller() -> tuple[str, Hashable]:
    """Module of the first frame outside this file, and a key for the line that called."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    code = frame.f_code
    return frame.f_globals["__name__"], (code.co_filename, frame.f_lineno, code.co_name)


def log_first_n(
    lvl: int, msg: str, n: int = 1, *, name: str | None = None, key: str | tuple = "caller"
) -> None:
    """
    Log the first n times only.

    Args:
        lvl: level, for instance `logging.INFO`.
        msg: the message.
        n: how many times.
        name: logger; default the calling module.
        key: what counts as the same: "caller" (the line), "message", or both as a tuple.
    """
    module, caller = _find_caller()
    parts = (key,) if isinstance(key, str) else key
    same = ("caller" in parts and caller, "message" in parts and msg)
    _LOG_COUNTER[same] += 1
    if _LOG_COUNTER[same] <= n:
        logging.getLogger(name or module).log(lvl, msg)


def log_every_n(lvl: int, msg: str, n: int = 1, *, name: str | None = None) -> None:
    """Log the 1st, (n+1)th, (2n+1)th ... call of this line; arguments as `log_first_n`."""
    module, caller = _find_caller()
    _LOG_COUNTER[caller] += 1
    if (_LOG_COUNTER[caller] - 1) % n == 0:
        logging.getLogger(name or module).log(lvl, msg)


def log_every_n_seconds(lvl: int, msg: str, n: float = 1, *, name: str | None = None) -> None:
    """Log at most once in n seconds for this line; arguments as `log_first_n`."""
    module, caller = _find_caller()
    now = time.monotonic()
    last = _LOG_TIMER.get(caller)
    if last is None or now - last >= n:
        logging.getLogger(name or module).log(lvl, msg)
        _LOG_TIMER[caller] = now

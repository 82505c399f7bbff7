"""
Loggers: colours on the terminal for rank 0, a plain file for every rank.

Counterpart of `detectron2/utils/logger.py`. Leaves out: options of the handlers, buffering of
remote log files, `create_small_table`, `log_first_n`, `log_every_n`, `log_every_n_seconds`, API
usage counters.
"""

import atexit
import functools
import logging
import os
import sys
from typing import IO

from termcolor import colored

from .file_io import PathManager

_DATE_FORMAT = "%m/%d %H:%M:%S"


class _ColorfulFormatter(logging.Formatter):
    """Abbreviates the logger's name; warnings and errors are red."""

    def __init__(self, root_name: str, abbrev_name: str) -> None:
        super().__init__(
            colored("[%(asctime)s %(name)s]: ", "green") + "%(message)s", datefmt=_DATE_FORMAT
        )
        self._root, self._abbreviation = f"{root_name}.", f"{abbrev_name}."

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        # Other handlers use the same record, so its name is restored.
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
    name: str = "detectron2",
    abbrev_name: str | None = None,
) -> logging.Logger:
    """
    Add handlers to a logger, once for the same arguments, and set its level to DEBUG.

    Args:
        output: a `.txt` or `.log` file, or a folder for `log.txt`; None: no file. Rank r > 0
            appends `.rank<r>` to the name, and only rank 0 writes to the terminal.
        abbrev_name: shown in place of `name`; None: `d2` for `detectron2`, else `name`.
    """
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    if distributed_rank == 0:
        terminal = logging.StreamHandler(stream=sys.stdout)
        default = "d2" if name == "detectron2" else name
        terminal.setFormatter(_ColorfulFormatter(name, abbrev_name or default))
        logger.addHandler(terminal)
    if output is not None:
        file = logging.StreamHandler(_log_stream(_log_file(output, distributed_rank)))
        line = "[%(asctime)s] %(name)s %(levelname)s: %(message)s"
        file.setFormatter(logging.Formatter(line, datefmt=_DATE_FORMAT))
        logger.addHandler(file)
    return logger


def _log_file(output: str, rank: int) -> str:
    """The log file of a rank; creates its folder."""
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

"""What the commands that convert files have in common: their options, and how they end."""

import argparse
import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from pathlib import Path

from .runner import Outcome

_MAX_WORKERS = 8  # more than a disk has use for
_INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


@dataclass(frozen=True)
class Options:
    """
    What all conversions are told.

    Args:
        root: the folder of all datasets.
        split: "val" or "train".
        num_workers, overwrite: as in `convert_files`.
    """

    root: Path
    split: str = "val"
    num_workers: int = 1
    overwrite: bool = False

    @classmethod
    def from_arguments(cls, arguments: argparse.Namespace) -> "Options":
        """From what a parser of `argument_parser` parsed."""
        return cls(arguments.root, arguments.split, arguments.workers, arguments.overwrite)


def argument_parser(document: str | None) -> argparse.ArgumentParser:
    """The options that all conversions have; the first paragraph of `document` describes it."""
    parser = argparse.ArgumentParser(description=(document or "").strip().partition("\n\n")[0])
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(os.environ.get("DETECTRON2_DATASETS") or "datasets").expanduser(),
        help="the folder of all datasets; default: $DETECTRON2_DATASETS, else ./datasets",
    )
    parser.add_argument("--split", choices=("val", "train"), default="val")
    parser.add_argument(
        "--workers",
        type=_at_least_one,
        default=min(_MAX_WORKERS, os.cpu_count() or 1),
        help="processes (%(default)s)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="convert files anew that are there already"
    )
    return parser


def run_command(convert: Callable[[], Outcome], write: Callable[[str], None]) -> int:
    """
    Run a conversion and report.

    Args:
        convert: the conversion.
        write: shows the report: `print`.

    Returns:
        int: the exit status: 0, 1 if sources could not be converted, 130 if Ctrl-C ended it.

    Raises:
        SystemExit: the conversion cannot run; says why.
    """
    try:
        outcome = convert()
    except KeyboardInterrupt:
        write("Stopped. What is written is whole; repeat the command to go on.")
        return _INTERRUPTED
    except BrokenExecutor as error:
        raise SystemExit(
            "A process ended abruptly, which is often want of memory. What is written is whole; "
            "repeat the command with a smaller --workers to go on."
        ) from error
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from error
    write(str(outcome))
    return outcome.status


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"got {number}, expected 1 or more")
    return number

"""What the programs catch of their users' mistakes, and how they print it."""

import sys
from pathlib import Path

USER_ERRORS = (ValueError, KeyError, OSError, ImportError)
"""Errors of wrong options, configs, files and missing libraries; all others are tracebacks."""


def message_of(error: Exception) -> str:
    """The message of an error, without the quotes that `str` puts around that of a KeyError."""
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def print_error(error: Exception) -> None:
    """Print the message on one line of the error output, after the command that the user typed."""
    print(f"{program_name()}: error: {message_of(error)}", file=sys.stderr)


def program_name() -> str:
    """The command that the user typed, such as "freecp segment" or "demo.py"."""
    return Path(sys.argv[0]).name

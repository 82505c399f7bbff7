"""Errors that users cause and that programs print in one line."""

from .files import printable

USER_ERRORS = (ValueError, KeyError, OSError, ImportError)
"""Errors of wrong options, configs, files and missing libraries; all others are tracebacks."""


def message_of(error: Exception) -> str:
    """
    The message of an error, each line `printable`, without the quotes that `str` puts around that
    of a KeyError.
    """
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return "\n".join(map(printable, text.split("\n")))

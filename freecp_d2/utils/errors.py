"""Errors that users cause and that programs print in one line."""

USER_ERRORS = (ValueError, KeyError, OSError, ImportError)
"""Errors of wrong options, configs, files and missing libraries; all others are tracebacks."""


def message_of(error: Exception) -> str:
    """The message of an error, without the quotes that `str` puts around that of a KeyError."""
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)

"""
Words that look like Python: yacs takes the value "1, 2" of a key for a tuple, "3" for a number.

A vocabulary on the command line is meant as it is written. In a YAML file yacs decodes it before
anybody can look, so that it is an error there that says how to write it.
"""

import ast
from collections.abc import Sequence

from ..d2 import CfgNode

__all__ = ["check_words", "explain_words", "verbatim_words"]

_VOCABULARY = "MODEL.TEXT.VOCABULARY"


def verbatim_words(opts: Sequence[str]) -> list[str]:
    """
    Args:
        opts: alternating keys and values.

    Returns:
        list[str]: the same, with the words of a vocabulary quoted if yacs took them for anything
        but a string.
    """
    return [
        repr(value) if i % 2 and opts[i - 1] == _VOCABULARY and not _is_text(value) else value
        for i, value in enumerate(opts)
    ]


def explain_words(error: ValueError) -> str:
    """What to say of an error of yacs about words; "" for any other."""
    if f"config key: {_VOCABULARY}" not in str(error):
        return ""
    return (
        f"{error}: these words look like a number, a list or the like of Python. "
        'Write "1; 2" for classes, "1, 2;" for one class of two words, "3;" for one of one word.'
    )


def check_words(cfg: CfgNode) -> None:
    """
    Raises:
        ValueError: the vocabulary of a file is None, which would be taken for none at all.
    """
    if cfg.MODEL.TEXT.VOCABULARY is None:
        raise ValueError(
            f'{_VOCABULARY} is None, expected words; write "None;" for a class of that name, and '
            '"" for the words of the dataset.'
        )


def _is_text(value: str) -> bool:
    """Whether yacs leaves a value a string."""
    try:
        return isinstance(ast.literal_eval(value), str)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return True

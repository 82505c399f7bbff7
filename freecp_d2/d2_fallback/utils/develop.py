"""
Stand-ins for what the fallback leaves out.

Counterpart of `detectron2/utils/develop.py`. Leaves out: dummy classes with a metaclass; one
raising callable serves functions and classes alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

INSTALL_HINT = (
    "install it from https://github.com/facebookresearch/detectron2 "
    "and leave FREECP_D2 unset or set it to detectron2"
)


def needs_detectron2(what: str) -> NotImplementedError:
    """
    The error to raise for a feature the fallback does not have.

    Args:
        what: the feature, as the user would name it (`"RandomFlip"`, `"a v1 config file"`).

    Returns:
        NotImplementedError: an exception to raise; the message says how to get the feature.
    """
    return NotImplementedError(f"{what} needs Detectron2: {INSTALL_HINT}.")


def absent(name: str) -> Callable[..., NoReturn]:
    """
    A callable that stands for a function or class the fallback leaves out.

    Args:
        name: the name of the missing function or class.

    Returns:
        Callable: raises `needs_detectron2(name)` when called, whatever the arguments.
    """

    def raise_needs_detectron2(*args: Any, **kwargs: Any) -> NoReturn:
        raise needs_detectron2(name)

    raise_needs_detectron2.__name__ = name
    raise_needs_detectron2.__qualname__ = name
    return raise_needs_detectron2

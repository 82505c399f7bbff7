"""
Helpers, and stand-ins for what the fallback leaves out.

Counterpart of `detectron2/utils/`, and of its `develop.py`.
"""

from collections.abc import Callable
from typing import Any, NoReturn


def needs_detectron2(what: str) -> NotImplementedError:
    """The error for a feature that the fallback lacks: `"RandomFlip"`, `"a v1 config file"`."""
    return NotImplementedError(
        f"{what} needs Detectron2: install it from https://github.com/facebookresearch/detectron2 "
        "and leave FREECP_D2 unset or set it to detectron2."
    )


def absent(name: str) -> Callable[..., NoReturn]:
    """A stand-in for a missing function or class; raises `needs_detectron2(name)` when called."""

    def raise_needs_detectron2(*args: Any, **kwargs: Any) -> NoReturn:
        raise needs_detectron2(name)

    raise_needs_detectron2.__name__ = name
    raise_needs_detectron2.__qualname__ = name
    return raise_needs_detectron2

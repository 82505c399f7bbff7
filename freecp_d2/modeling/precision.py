"""Equations in float32, whatever precision surrounds them."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

__all__ = ["without_autocast"]

P = ParamSpec("P")
R = TypeVar("R")


def without_autocast(function: Callable[P, R]) -> Callable[P, R]:
    """
    The function as it is outside `torch.autocast`.

    Eqs. (1) to (8) divide small sums by small sums and compare them with thresholds: in half
    precision their 1e-8 is 0. What a surrounding autocast may make faster is the encoding of
    windows, not of the crops of Eq. (8); the precision of CLIP itself is MODEL.PRECISION.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with ExitStack() as stack:
            for device_type in ("cpu", "cuda"):
                stack.enter_context(torch.autocast(device_type, enabled=False))
            return function(*args, **kwargs)

    return run

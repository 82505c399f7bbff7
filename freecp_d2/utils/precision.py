"""Computing in float32 whatever the surrounding precision."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

P = ParamSpec("P")
R = TypeVar("R")


def without_autocast(function: Callable[P, R]) -> Callable[P, R]:
    """
    Disable `torch.autocast` inside a function.

    Eqs. (1) to (8) compare quotients of small sums with thresholds, and in half precision their
    epsilon of 1e-8 is 0. Only the encoding of windows runs under a surrounding autocast, not that
    of the crops of Eq. (8); MODEL.PRECISION sets the precision of CLIP itself.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with ExitStack() as stack:
            for device_type in ("cpu", "cuda", "mps"):
                stack.enter_context(torch.autocast(device_type, enabled=False))
            return function(*args, **kwargs)

    return run


def layer_norm(norm: nn.Module, x: Tensor) -> Tensor:
    """
    A layer norm computed in float32, as OpenAI's; open_clip's would mix dtypes.

    Args:
        norm: the layer; anything but an `nn.LayerNorm` (an identity) is called as it is.
        x: shape (..., C).

    Returns:
        Tensor: shape and dtype of `x`.
    """
    if not isinstance(norm, nn.LayerNorm):
        return norm(x)
    weight, bias = norm.weight.float(), norm.bias.float()
    return F.layer_norm(x.float(), norm.normalized_shape, weight, bias, norm.eps).to(x.dtype)

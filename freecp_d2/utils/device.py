"""The precision of a device, computing in float32 whatever that is, and reading small tensors."""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


def to_host(*tensors: Tensor) -> tuple[Tensor, ...]:
    """
    Tensors on the CPU, with one wait for the device instead of one a tensor.

    The tensors are joined on the device, so this is for small ones. Those on the CPU are returned
    as they are.
    """
    on_device = [x for x in tensors if x.device.type != "cpu"]
    if not on_device:
        return tensors
    parts = [x.flatten().contiguous().view(torch.uint8) for x in on_device]
    copied = torch.cat(parts).cpu().split([len(part) for part in parts])
    # Clones, because a view of another type needs an aligned address.
    found = iter(
        part.clone().view(x.dtype).view(x.shape) for part, x in zip(copied, on_device, strict=True)
    )
    return tuple(x if x.device.type == "cpu" else next(found) for x in tensors)


def dtype_of(precision: str) -> torch.dtype:
    """The dtype of MODEL.PRECISION fp32, fp16 or bf16; ValueError for other texts."""
    if precision not in PRECISIONS:
        raise ValueError(
            f'MODEL.PRECISION="{precision}" is unknown; use {", ".join(PRECISIONS)}, or in a '
            "config auto."
        )
    return PRECISIONS[precision]


@cache
def precision_for(precision: str, device: str) -> str:
    """
    MODEL.PRECISION for a device: "auto" is fp16 on CUDA, as the released program, else fp32.

    Warns once, with the measured factor, if a CPU is slower in it than in fp32; ValueError for an
    unknown one.
    """
    device_type = torch.device(device).type
    if precision == "auto":
        return "fp16" if device_type == "cuda" else "fp32"
    dtype = dtype_of(precision)
    if device_type == "cpu" and precision != "fp32":
        factor = _seconds(dtype) / _seconds(torch.float32)
        if factor > 1.2:
            logger.warning(
                f'MODEL.PRECISION="{precision}": on this CPU a matrix product takes {factor:.1f} '
                "times as long as in fp32; use auto or fp32."
            )
    return precision


def _seconds(dtype: torch.dtype) -> float:
    """The least of three products in the shapes of a ViT-B, after one that is not counted."""
    kind: Any = {"dtype": dtype, "device": "cpu"}  # also where models are built on "meta"
    tokens, weight = torch.ones(64, 768, **kind), torch.ones(768, 768, **kind)
    times = []
    for _ in range(4):
        start = time.perf_counter()
        tokens @ weight
        times.append(time.perf_counter() - start)
    return min(times[1:])


@cache
def _autocast_devices() -> tuple[str, ...]:
    """The devices on which this version of PyTorch has autocast; older ones lack "mps"."""
    try:
        torch.autocast("mps", enabled=False)
    except RuntimeError:
        return "cpu", "cuda"
    return "cpu", "cuda", "mps"


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager:
    """`torch.autocast` in `dtype`; float32 switches it off, also where a device has none."""
    if dtype != torch.float32:
        return torch.autocast(device.type, dtype)
    if device.type not in _autocast_devices():
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def without_autocast(function: Callable[P, R]) -> Callable[P, R]:
    """
    Disable `torch.autocast` inside a function.

    Eqs. (1) to (8) compare quotients of small sums with thresholds, and in half precision their
    epsilon of 1e-8 is 0. Models switch it off for CLIP, too, whose precision is MODEL.PRECISION.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with ExitStack() as stack:
            for device_type in _autocast_devices():
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

"""
A GPU that is not there: tensors that say `cuda:0` and compute on the CPU.

    with pretended_device() as counts:
        to_pretended(model)
        model([{"image": image}])
    assert sum(counts.waits.values()) <= 4

Tensors of two devices are refused as CUDA refuses them. Waits of the host for the device (`.cpu()`,
`.item()`, `nonzero`, boolean indices, `torch.equal`) and copies from the host to the device are
counted by the line of the package that caused them. With `float64=False` the device has no float64,
as Apple's `mps` has none.

It says nothing about speed, the rounding of GPU kernels, streams and memory.
"""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

import freecp_d2

DEVICE = torch.device("cuda:0")
PACKAGE = f"{Path(freecp_d2.__file__).parent}/"

WAITS = (
    "_local_scalar_dense",
    "_unique2",
    "equal.default",
    "is_nonzero",
    "masked_select",
    "nonzero",
    "repeat_interleave.Tensor",
)
"""How the names of operators start whose result the host has to wait for."""


@dataclass
class Counts:
    """Waits and copies by the line, "modeling/windows.py:41", that caused them."""

    waits: Counter[str] = field(default_factory=Counter)
    copies: Counter[str] = field(default_factory=Counter)


@dataclass
class _Device:
    """The one that is pretended at present."""

    counts: Counts = field(default_factory=Counts)
    float64: bool = True


_device = _Device()


class Pretended(Tensor):
    """A tensor that says `cuda:0`; `data_on_cpu` has its values."""

    data_on_cpu: Tensor

    @staticmethod
    def __new__(cls, data: Tensor) -> "Pretended":
        if data.dtype == torch.float64 and not _device.float64:
            raise TypeError(f"The device has no float64; wanted at {_line()}.")
        tensor = Tensor._make_wrapper_subclass(
            cls,
            data.shape,
            strides=data.stride(),
            storage_offset=data.storage_offset(),
            dtype=data.dtype,
            layout=data.layout,
            device=DEVICE,
        )
        tensor.data_on_cpu = data
        return tensor

    def __repr__(self, **_: Any) -> str:
        return f"Pretended({self.data_on_cpu!r})"

    def __getitem__(self, index: Any) -> Tensor:
        # PyTorch would ask for the driver to make a tensor of a list.
        parts = index if isinstance(index, tuple) else (index,)
        if any(isinstance(part, list) for part in parts):
            _device.counts.copies[_line()] += 1
            made = [torch.tensor(part) if isinstance(part, list) else part for part in parts]
            index = tuple(Pretended(x) if type(x) is Tensor else x for x in made)
        return super().__getitem__(index)

    def tolist(self) -> Any:
        _device.counts.waits[_line()] += 1
        return self.data_on_cpu.tolist()

    def numpy(self, *_: Any, **__: Any) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy; use .cpu() first.")

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        return _run(func, args, kwargs or {})


class _Mode(TorchDispatchMode):
    """Sees every operator, those that make tensors included."""

    def __init__(self) -> None:
        super().__init__()
        # The place of PyTorch's fake tensors, whose operators do not look for a driver.
        self._mode_key = torch._C._TorchDispatchModeKey.FAKE
        self.in_kernel_invocation, self.shape_env, self.static_shapes = False, None, True

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        return _run(func, args, kwargs or {})


@contextlib.contextmanager
def pretended_device(*, float64: bool = True) -> Iterator[Counts]:
    """The device `cuda:0` exists inside; yields what it counts."""
    global _device
    torch._C._ensureCUDADeviceGuardSet()
    before, _device = _device, _Device(float64=float64)
    make = torch.tensor

    def tensor(data: Any, *, device: Any = None, **options: Any) -> Tensor:
        made = make(data, **options)  # with the device it would ask for the driver
        return made if device is None else made.to(device)

    try:
        with mock.patch.object(torch, "tensor", tensor), _Mode(), torch.no_grad():
            yield _device.counts
    finally:
        _device = before


def to_pretended(module: nn.Module) -> nn.Module:
    """Move parameters and buffers, in place; `module.to("cuda")` would look for a driver."""
    moved: dict[int, Pretended] = {}
    for part in module.modules():
        for store in (part._parameters, part._buffers):
            for key, value in store.items():
                if value is not None and not isinstance(value, Pretended):
                    store[key] = moved.setdefault(id(value), Pretended(value.data))
    return module


def _run(func: Any, args: tuple, kwargs: dict) -> Any:
    """One operator, on the CPU, after the checks and counts of the device."""
    name = str(func).removeprefix("aten.")
    tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
    is_on_device = any(isinstance(x, Pretended) for x in tensors)
    target = kwargs.get("device")
    to_device = target is not None and torch.device(target).type == DEVICE.type
    bare_args, bare_kwargs = tree_map(_bare, args), dict(tree_map(_bare, kwargs))
    if to_device:
        bare_kwargs["device"] = "cpu"
    if name.startswith("_to_copy"):
        if to_device and not is_on_device:
            _device.counts.copies[_line()] += 1
        if is_on_device and target is not None and not to_device:
            _device.counts.waits[_line()] += 1
            return func(*bare_args, **bare_kwargs)
    elif name.startswith("copy_"):
        if isinstance(args[1], Pretended) != isinstance(args[0], Pretended) and args[1].dim():
            is_wait = isinstance(args[1], Pretended)
            (_device.counts.waits if is_wait else _device.counts.copies)[_line()] += 1
    elif is_on_device:
        _check_devices(name, args, tensors)
        _count_wait(name, args)
    result = func(*bare_args, **bare_kwargs)
    if name.startswith("_local_scalar_dense") or not (is_on_device or to_device):
        return result
    if func._schema.is_mutable and isinstance(result, Tensor) and isinstance(args[0], Tensor):
        return args[0]
    return tree_map(lambda x: Pretended(x) if isinstance(x, Tensor) else x, result)


def _check_devices(name: str, args: tuple, tensors: list[Tensor]) -> None:
    """RuntimeError for tensors of both devices; CUDA takes numbers and indices of the host."""
    on_host = [x for x in tensors if not isinstance(x, Pretended) and x.dim() > 0]
    if not on_host:
        return
    values = args[2] if len(args) > 2 and isinstance(args[2], Tensor) else None
    values_fit = values is None or isinstance(values, Pretended) or values.dim() == 0
    is_index = name.startswith(("index.", "index_put")) and isinstance(args[0], Pretended)
    if not (is_index and values_fit):
        kinds = [(type(x).__name__, tuple(x.shape)) for x in tensors]
        raise RuntimeError(f"{name} got tensors of two devices, {kinds}, at {_line()}.")
    _device.counts.copies[_line()] += 1


def _count_wait(name: str, args: tuple) -> None:
    indices = args[1] if name.startswith(("index.", "index_put")) else ()
    is_mask = any(x is not None and x.dtype == torch.bool for x in indices)
    if is_mask or name.startswith(WAITS):
        _device.counts.waits[_line()] += 1


def _bare(value: Any) -> Any:
    return value.data_on_cpu if isinstance(value, Pretended) else value


def _line() -> str:
    """The innermost line of the package on the stack, "modeling/windows.py:41"."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGE):
            return f"{frame.f_code.co_filename.removeprefix(PACKAGE)}:{frame.f_lineno}"
        frame = frame.f_back
    return "outside the package"

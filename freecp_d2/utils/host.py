"""Reading tensors of a device on the host."""

import torch
from torch import Tensor


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

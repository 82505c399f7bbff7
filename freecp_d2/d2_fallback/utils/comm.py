"""
What the processes of one run tell each other. Without `torch.distributed`: rank 0, size 1.

Counterpart of `detectron2/utils/comm.py`. Leaves out: nothing; `reduce_dict` also takes CPU
tensors.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

# torch marks "not a member" by a number in the place of a group, so groups are typed Any.
_LOCAL_PROCESS_GROUP: Any = None


def _is_distributed() -> bool:
    """Whether a default process group exists."""
    return dist.is_available() and dist.is_initialized()


def get_world_size() -> int:
    """Number of processes of the run, over all machines."""
    return dist.get_world_size() if _is_distributed() else 1


def get_rank() -> int:
    """Rank of this process among all processes of the run."""
    return dist.get_rank() if _is_distributed() else 0


def is_main_process() -> bool:
    """Whether this process has rank 0."""
    return get_rank() == 0


@functools.lru_cache
def create_local_process_group(num_workers_per_machine: int) -> None:
    """
    Make the process group of this machine. `launch` calls it; every process must, together.

    Args:
        num_workers_per_machine: processes per machine; must divide the world size.
    """
    global _LOCAL_PROCESS_GROUP
    assert _LOCAL_PROCESS_GROUP is None, "The local process group exists already."
    size = num_workers_per_machine
    assert get_world_size() % size == 0, f"{get_world_size()} processes, {size} per machine."
    for machine in range(get_world_size() // size):
        # torch wants every process to take part in making every group.
        group = dist.new_group(list(range(machine * size, (machine + 1) * size)))
        if machine == get_rank() // size:
            _LOCAL_PROCESS_GROUP = group


def get_local_process_group() -> Any:
    """
    The process group of this machine.

    Raises:
        AssertionError: the processes were not started by `launch`.
    """
    assert _LOCAL_PROCESS_GROUP is not None, (
        "There is no local process group: start the processes with launch(), or call "
        "comm.create_local_process_group(num_workers_per_machine) after init_process_group()."
    )
    return _LOCAL_PROCESS_GROUP


def get_local_rank() -> int:
    """Rank of this process on its machine."""
    return dist.get_rank(group=get_local_process_group()) if _is_distributed() else 0


def get_local_size() -> int:
    """Number of processes on this machine."""
    return dist.get_world_size(group=get_local_process_group()) if _is_distributed() else 1


def synchronize() -> None:
    """Wait until every process has come here."""
    if get_world_size() == 1:
        return
    if dist.get_backend() == dist.Backend.NCCL:
        # Naming the device spares a warning; only NCCL takes it.
        dist.barrier(device_ids=[torch.cuda.current_device()])
    else:
        dist.barrier()


def leave_process_group() -> None:
    """
    End the communication between processes, all together; a single process has nothing to leave.

    A group that is still referred to when Python exits may be torn down while its threads run, and
    then the process aborts with its work done. Detectron2 leaves that to chance.
    """
    global _LOCAL_PROCESS_GROUP
    if not _is_distributed():
        return
    synchronize()
    _LOCAL_PROCESS_GROUP = None
    create_local_process_group.cache_clear()
    _global_gloo_group.cache_clear()
    dist.destroy_process_group()


@functools.lru_cache
def _global_gloo_group() -> Any:
    """All processes, on the CPU: gathered objects must not take GPU memory."""
    if dist.get_backend() == dist.Backend.NCCL:
        return dist.new_group(backend="gloo")
    return dist.group.WORLD


def all_gather(data: Any, group: Any = None) -> list[Any]:
    """
    Give every process the data of all.

    Args:
        data: any picklable object.
        group: the processes that take part; default all, over gloo.

    Returns:
        list: one item a process, in the order of ranks; `[data]` in a single process.
    """
    if get_world_size() == 1:
        return [data]
    group = group or _global_gloo_group()
    size = dist.get_world_size(group)
    if size == 1:
        return [data]
    output: list[Any] = [None] * size
    dist.all_gather_object(output, data, group=group)
    return output


def gather(data: Any, dst: int = 0, group: Any = None) -> list[Any]:
    """
    Give one process the data of all.

    Args:
        data: any picklable object.
        dst: the rank that receives.
        group: the processes that take part; default all, over gloo.

    Returns:
        list: on `dst` one item a process, in the order of ranks; elsewhere empty.
    """
    if get_world_size() == 1:
        return [data]
    group = group or _global_gloo_group()
    size = dist.get_world_size(group)
    if size == 1:
        return [data]
    output: list[Any] | None = [None] * size if dist.get_rank(group) == dst else None
    dist.gather_object(data, output, dst=dst, group=group)
    return output or []


def shared_random_seed() -> int:
    """A random number, the same in every process. All must call it, or it waits forever."""
    return all_gather(int(np.random.randint(2**31)))[0]


def reduce_dict(input_dict: dict[str, Tensor], average: bool = True) -> dict[str, Tensor]:
    """
    Add up, or average, scalar tensors over the processes.

    Args:
        input_dict: name -> scalar tensor, the same names in every process, all on one device.
        average: divide the sum by the number of processes.

    Returns:
        dict: name -> scalar tensor; right on rank 0 only.
    """
    world_size = get_world_size()
    if world_size == 1:
        return input_dict
    names = sorted(input_dict)  # the same order in every process
    with torch.no_grad():
        values = torch.stack([input_dict[name] for name in names])
        dist.reduce(values, dst=0)
        if average and get_rank() == 0:
            values /= world_size
    return dict(zip(names, values, strict=True))

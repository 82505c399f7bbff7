"""
Communication between the processes of a run. Without `torch.distributed`: rank 0, size 1.

Counterpart of `detectron2/utils/comm.py`. Leaves out: `reduce_dict` and
`shared_random_seed`, for training.
"""

import functools
from typing import Any

import torch
import torch.distributed as dist

# torch returns a number in place of a group to processes that are no members, hence Any.
_LOCAL_PROCESS_GROUP: Any = None


def _is_distributed() -> bool:
    return dist.is_available() and dist.is_initialized()


def get_world_size() -> int:
    """Number of processes on all machines."""
    return dist.get_world_size() if _is_distributed() else 1


def get_rank() -> int:
    """Rank of this process among those of all machines."""
    return dist.get_rank() if _is_distributed() else 0


def is_main_process() -> bool:
    return get_rank() == 0


def create_local_process_group(num_workers_per_machine: int) -> None:
    """Create the process group of this machine; all processes must call it, as `launch` does."""
    global _LOCAL_PROCESS_GROUP
    assert _LOCAL_PROCESS_GROUP is None, "The local process group exists already."
    size = num_workers_per_machine
    assert get_world_size() % size == 0, f"{get_world_size()} processes, {size} per machine."
    for machine in range(get_world_size() // size):
        # In torch, every process must take part in creating every group.
        group = dist.new_group(list(range(machine * size, (machine + 1) * size)))
        if machine == get_rank() // size:
            _LOCAL_PROCESS_GROUP = group


def get_local_process_group() -> Any:
    """The process group of this machine; AssertionError without `launch`."""
    assert _LOCAL_PROCESS_GROUP is not None, (
        "There is no local process group: start the processes with launch(), or call "
        "comm.create_local_process_group(num_workers_per_machine)."
    )
    return _LOCAL_PROCESS_GROUP


def get_local_rank() -> int:
    """Rank of this process on its machine."""
    return dist.get_rank(group=get_local_process_group()) if _is_distributed() else 0


def get_local_size() -> int:
    """Number of processes on this machine."""
    return dist.get_world_size(group=get_local_process_group()) if _is_distributed() else 1


def synchronize() -> None:
    """Wait until every process has called this."""
    if get_world_size() == 1:
        return
    if dist.get_backend() == dist.Backend.NCCL:
        # Naming the device avoids a warning; only NCCL accepts it.
        dist.barrier(device_ids=[torch.cuda.current_device()])
    else:
        dist.barrier()


def leave_process_group() -> None:
    """
    End the communication between processes; all must call it.

    A process may abort when Python exits with an open group, which Detectron2 does not close.
    """
    global _LOCAL_PROCESS_GROUP
    if not _is_distributed():
        return
    synchronize()
    _LOCAL_PROCESS_GROUP = None
    _global_gloo_group.cache_clear()
    dist.destroy_process_group()


@functools.cache
def _global_gloo_group() -> Any:
    """All processes, on the CPU, because gathered objects should not use GPU memory."""
    if dist.get_backend() == dist.Backend.NCCL:
        return dist.new_group(backend="gloo")
    return dist.group.WORLD


def all_gather(data: Any) -> list[Any]:
    """Gather a picklable object of each process, in the order of ranks, in every process."""
    if get_world_size() == 1:
        return [data]
    output: list[Any] = [None] * get_world_size()
    dist.all_gather_object(output, data, group=_global_gloo_group())
    return output


def gather(data: Any, dst: int = 0) -> list[Any]:
    """As `all_gather`, but only for rank `dst`; the list is empty in other processes."""
    if get_world_size() == 1:
        return [data]
    output: list[Any] | None = [None] * get_world_size() if get_rank() == dst else None
    dist.gather_object(data, output, dst=dst, group=_global_gloo_group())
    return output or []

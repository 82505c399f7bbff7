"""
Start one process per device; without a GPU, they communicate over gloo.

Counterpart of `detectron2/engine/launch.py`. Leaves out: the argument `timeout`.
"""

import logging
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from ..utils import comm

DEFAULT_TIMEOUT = timedelta(minutes=30)

logger = logging.getLogger(__name__)


def launch(
    main_func: Callable[..., Any],
    num_gpus_per_machine: int,
    num_machines: int = 1,
    machine_rank: int = 0,
    dist_url: str | None = None,
    args: tuple = (),
) -> None:
    """
    Call `main_func(*args)` in every process of a run; a single process is this one.

    Call it on every machine. Child processes import `main_func` by its name.

    Args:
        num_gpus_per_machine: processes on each machine, with or without GPUs.
        dist_url: address of the first process, such as "tcp://127.0.0.1:8686"; "auto": a free port
            of this machine.
    """
    world_size = num_machines * num_gpus_per_machine
    if world_size <= 1:
        main_func(*args)
        return
    if dist_url == "auto":
        assert num_machines == 1, 'dist_url="auto" is for one machine; give tcp://<host>:<port>.'
        dist_url = f"tcp://127.0.0.1:{_find_free_port()}"
    worker_args = main_func, world_size, num_gpus_per_machine, machine_rank, dist_url, args
    mp.start_processes(_worker, nprocs=num_gpus_per_machine, args=worker_args, daemon=False)


def _find_free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("", 0))
        return sock.getsockname()[1]


def _worker(
    local_rank: int,
    main_func: Callable[..., Any],
    world_size: int,
    num_gpus_per_machine: int,
    machine_rank: int,
    dist_url: str | None,
    args: tuple,
) -> None:
    has_gpu = torch.cuda.is_available()
    if has_gpu and num_gpus_per_machine > torch.cuda.device_count():
        raise ValueError(
            f"{num_gpus_per_machine} processes for {torch.cuda.device_count()} GPUs; "
            "--num-gpus may not exceed the GPUs of the machine."
        )
    try:
        dist.init_process_group(
            backend="nccl" if has_gpu else "gloo",
            init_method=dist_url,
            world_size=world_size,
            rank=machine_rank * num_gpus_per_machine + local_rank,
            timeout=DEFAULT_TIMEOUT,
        )
    except Exception:
        logger.error("The processes could not connect at %s", dist_url)
        raise
    comm.create_local_process_group(num_gpus_per_machine)
    if has_gpu:
        torch.cuda.set_device(local_rank)
    # Otherwise a slow process may cause a timeout in main_func:
    # https://github.com/facebookresearch/maskrcnn-benchmark/issues/172
    comm.synchronize()
    main_func(*args)
    comm.leave_process_group()

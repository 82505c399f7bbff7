"""Start of several processes by Detectron2's launcher or `torchrun`, on GPUs or the CPU (gloo)."""

import os
from argparse import Namespace
from collections.abc import Callable

import torch
import torch.distributed as dist

from ..d2 import BACKEND, comm, launch


def check_num_processes(num_gpus: int) -> None:
    """ValueError for less than 1, more than the GPUs, or without a GPU more than the cores."""
    gpus, cores = torch.cuda.device_count(), os.cpu_count() or 1
    if num_gpus < 1:
        raise ValueError(f"--num-gpus {num_gpus} runs nothing; use 1 or more.")
    if gpus and num_gpus > gpus:
        raise ValueError(f"--num-gpus {num_gpus}, but this machine has {gpus}; lower it.")
    if not gpus and num_gpus > cores:
        raise ValueError(
            f"--num-gpus {num_gpus} without a GPU means {num_gpus} processes on the CPU, but this "
            f"machine has {cores} cores; lower it."
        )


def launch_processes(main: Callable[[Namespace], object], args: Namespace) -> None:
    """
    Run `main(args)`, a top-level function, in as many processes as Detectron2's command line
    (`default_argument_parser`) or torchrun asks for.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:  # torchrun has started this process
        _join_torchrun()
        _run(main, args)
        # Only after success: a process that failed must not wait here for the others.
        if BACKEND == "fallback":
            comm.leave_process_group()
        else:
            comm.synchronize()
            dist.destroy_process_group()
        return
    launch(
        _run,
        args.num_gpus,
        num_machines=args.num_machines,
        machine_rank=args.machine_rank,
        dist_url=args.dist_url,
        args=(main, args),
    )


def _join_torchrun() -> None:
    local_size = int(os.environ["LOCAL_WORLD_SIZE"])
    check_num_processes(local_size)
    has_gpu = torch.cuda.is_available()
    if has_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if has_gpu else "gloo")
    comm.create_local_process_group(local_size)


def _run(main: Callable[[Namespace], object], args: Namespace) -> None:
    if not torch.cuda.is_available() and comm.get_local_size() > 1:
        # Divide the cores among the processes.
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // comm.get_local_size()))
    main(args)

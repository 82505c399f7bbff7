"""Start of several processes by Detectron2's launcher or `torchrun`, on GPUs or the CPU (gloo)."""

import logging
import multiprocessing
import os
import socket
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import ProcessRaisedException

from ..d2 import BACKEND, comm, launch
from ..utils.processes import end_with_parent, interrupts_blocked, keep_freed_memory

REPORT_SECONDS = 60.0
"""How often the processes that wait for others say so."""

logger = logging.getLogger(__name__)


def check_num_processes(num_gpus: int, device: str | None = None, *, launched: bool = True) -> None:
    """
    Args:
        device: of all processes, such as "cuda", or None if it is not known.
        launched: by Detectron2's launcher, which allows no more than the GPUs on the CPU, too.

    Raises:
        ValueError: less than 1, more than the GPUs, or without a GPU more than the cores; several
            on the GPU of one number.
    """
    gpus, cores = torch.cuda.device_count(), os.cpu_count() or 1
    if device == "cpu" and not launched:
        gpus = 0
    if num_gpus < 1:
        raise ValueError(f"--num-gpus {num_gpus} runs nothing; use 1 or more.")
    if num_gpus > 1 and (device or "").startswith("cuda:"):
        raise ValueError(
            f"--device {device} (MODEL.DEVICE) and --num-gpus {num_gpus} put all processes on one "
            "GPU; use --device cuda, and CUDA_VISIBLE_DEVICES to choose GPUs."
        )
    if gpus and num_gpus > gpus:
        raise ValueError(f"--num-gpus {num_gpus}, but this machine has {gpus}; lower it.")
    if not gpus and num_gpus > cores:
        raise ValueError(
            f"--num-gpus {num_gpus} without a GPU means {num_gpus} processes on the CPU, but this "
            f"machine has {cores} cores; lower it."
        )


def check_dist_url(args: Namespace) -> None:
    """
    Refuse --num-machines, --machine-rank and --dist-url with which the processes cannot meet.

    Raises:
        ValueError: a rank out of range; no address that the other machines reach; an address that
            is malformed, unknown, or in use on the machine of rank 0.
    """
    machines, rank, url = args.num_machines, args.machine_rank, args.dist_url
    if machines < 1 or not 0 <= rank < machines:
        raise ValueError(
            f"--machine-rank {rank} with --num-machines {machines}; ranks are counted from 0, one "
            "for each machine."
        )
    if "TORCHELASTIC_RUN_ID" in os.environ or args.num_gpus * machines == 1:
        return
    example = "give all machines the same --dist-url tcp://<machine of rank 0>:<free port>."
    if url == "auto":
        if machines > 1:
            raise ValueError(f"--num-machines {machines} needs an address to meet at: {example}")
        return
    place = urlsplit(url)
    if place.scheme in ("file", "env"):
        return
    try:
        host, port = place.hostname, place.port
    except ValueError:  # not a number, or too large
        host = port = None
    if place.scheme != "tcp" or not host or not port:
        raise ValueError(f"--dist-url {url} is no address; {example}")
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ValueError(
            f"--dist-url {url}: this machine knows no host {host} ({error.strerror}); {example}"
        ) from error
    if machines > 1 and all(
        str(address[4][0]).startswith(("127.", "::1")) for address in addresses
    ):
        logger.warning(f"--dist-url {url} is an address that only this machine reaches.")
    if rank == 0 and _is_taken(port):
        raise ValueError(
            f"--dist-url {url}: another program of this machine uses port {port}; choose another "
            "one" + (", or leave out --dist-url." if machines == 1 else ".")
        )


def _is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("", port))
        except OSError:
            return True
    return False


def launch_processes(main: Callable[[Namespace], object], args: Namespace) -> None:
    """
    Run `main(args)`, a top-level function, in as many processes as Detectron2's command line
    (`default_argument_parser`) or torchrun asks for.

    Raises:
        ConnectionError: the processes did not meet at --dist-url.
        KeyboardInterrupt: Ctrl-C; the processes are ended.
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
    elif args.num_gpus * args.num_machines == 1:
        _run(main, args)
    else:
        _spawn(main, args)


def _spawn(main: Callable[[Namespace], object], args: Namespace) -> None:
    """Launch processes that never get Ctrl-C, and end them if this process gets it."""
    logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)  # what it terminates
    have_met = multiprocessing.get_context("spawn").Event()
    with ThreadPoolExecutor(1) as pool:
        with interrupts_blocked():  # for the thread that starts the processes, too
            result = pool.submit(
                launch,
                _run,
                args.num_gpus,
                num_machines=args.num_machines,
                machine_rank=args.machine_rank,
                dist_url=args.dist_url,
                args=(main, args, have_met),
            )
        threading.Thread(target=_report_waiting, args=(have_met, args), daemon=True).start()
        try:
            result.result()
        except KeyboardInterrupt:
            while not result.done():  # it may still start some
                for process in multiprocessing.active_children():
                    process.terminate()
                time.sleep(0.05)
            raise
        except ProcessRaisedException as error:
            if have_met.is_set():
                raise
            reason = str(error).strip().splitlines()[-1]
            raise ConnectionError(
                f"The processes did not meet at {args.dist_url}: {reason}"
            ) from error
        finally:
            have_met.set()


def _report_waiting(have_met: Any, args: Namespace) -> None:
    """Say once a minute who waits for whom and where, until the processes have met."""
    minutes, others = 0.0, [i for i in range(args.num_machines) if i != args.machine_rank]
    here, partners = f"{args.num_gpus} processes", "each other"
    if others:
        here += f" of --machine-rank {args.machine_rank}"
        partners = f"the machines of --machine-rank {others} at {args.dist_url}"
    while not have_met.wait(REPORT_SECONDS):
        minutes += REPORT_SECONDS / 60
        logger.warning(f"The {here} have waited {minutes:.0f} min for {partners}.")


def _join_torchrun() -> None:
    local_size = int(os.environ["LOCAL_WORLD_SIZE"])
    check_num_processes(local_size)
    has_gpu = torch.cuda.is_available()
    if has_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if has_gpu else "gloo")
    comm.create_local_process_group(local_size)


def _run(main: Callable[[Namespace], object], args: Namespace, have_met: Any = None) -> None:
    if have_met is not None:
        keep_freed_memory()
        have_met.set()
        end_with_parent()
    if not torch.cuda.is_available() and comm.get_local_size() > 1:
        # Divide the cores among the processes.
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // comm.get_local_size()))
    main(args)

"""Processes that end with the one that started them, and the C library's allocator in them."""

import ctypes
import multiprocessing
import os
import platform
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of glibc's `mallopt`, from malloc.h."""

_ENVIRONMENT = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_ARENA_MAX")


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """
    Delay Ctrl-C to the end of the block, in this thread.

    A terminal sends Ctrl-C to all processes of a command. Processes and threads that are started
    in the block never get it: the main thread alone gets it, and ends them.
    """
    resource_tracker.ensure_running()  # its start in the block would end the blocking
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def children_end_on_interrupt() -> Iterator[None]:
    """Terminate the processes that this one has started if Ctrl-C comes in the block."""
    try:
        yield
    except KeyboardInterrupt:
        for process in multiprocessing.active_children():
            process.terminate()
        raise


def end_with_parent() -> None:
    """From now on, end this process when the one that started it has ended, even if killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "multiprocessing has started this process"

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def keep_freed_memory() -> bool:
    """
    Let glibc reuse the memory of freed tensors instead of returning it to the kernel.

    By default glibc maps every tensor above 32 MiB anew and the kernel clears its pages, a fifth of
    the time of a backbone on the CPU. It is for programs, which call it before threads start; the
    package itself never does, because it changes the whole process. Threads share one arena,
    because memory freed in the arena of a thread would not be reused by the others.

    Returns:
        bool: whether it is set: not without glibc, or if the environment sets MALLOC_* itself.
    """
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in _ENVIRONMENT):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    # The thresholds are ints; mallopt returns 1 for success.
    settings = {_MMAP_THRESHOLD: 1 << 30, _TRIM_THRESHOLD: 2**31 - 1, _ARENA_MAX: 1}
    return all([mallopt(name, value) == 1 for name, value in settings.items()])

"""Ctrl-C while processes are started."""

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


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

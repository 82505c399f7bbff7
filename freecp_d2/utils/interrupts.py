"""Processes that end with the one that started them, at Ctrl-C and if it is killed."""

import multiprocessing
import os
import signal
import threading
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


def end_with_parent() -> None:
    """From now on, end this process when the one that started it has ended, even if killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "multiprocessing has started this process"

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()

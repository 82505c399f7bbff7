"""The C library's allocator, set for large tensors on the CPU."""

import ctypes
import os
import platform

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of glibc's `mallopt`, from malloc.h."""

_ENVIRONMENT = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_ARENA_MAX")


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

"""Page faults of large tensors, in processes whose allocator is set."""

import json
import platform

import pytest

from ..helpers.command import run

PROGRAM = """
import json, os, resource, threading
import torch
from freecp_d2.utils.processes import keep_freed_memory

def count():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def faults():  # the least of three, because other programs may take memory away
    found = []
    for _ in range(3):
        before = count()
        for _ in range(4):
            torch.ones(16 << 20)  # 64 MiB
        found.append(count() - before)
    return min(found)

def in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(faults()))
    thread.start()
    thread.join()
    return found[0]

for case in ("default", "set", "set by the user"):
    if child := os.fork():
        os.waitpid(child, 0)
        continue
    if case == "set by the user":
        os.environ["MALLOC_ARENA_MAX"] = "2"
    is_set = case != "default" and keep_freed_memory()
    found = [] if case == "set by the user" else [faults(), in_a_thread()]
    print(json.dumps([is_set, *found]))
    break
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_freed_memory_is_used_again_in_all_threads():
    """A tensor has 16,384 pages of 4 KiB; with huge pages fewer."""
    result = run("-c", PROGRAM)
    assert result.returncode == 0, result.stderr
    (_, main_before, other_before), (is_set, main, other), (set_by_user,) = map(
        json.loads, result.stdout.splitlines()
    )
    assert is_set
    assert main < main_before / 5
    assert other < other_before / 5, "a new arena for each thread gains nothing"
    assert not set_by_user, "settings of the user are left alone"

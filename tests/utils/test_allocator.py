"""Page faults of large tensors, in a process of its own, which the allocator's settings change."""

import json
import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import json, resource, threading
import torch
from freecp_d2.utils.processes import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(40):
        torch.ones(16 << 20)  # 64 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(faults()))
    thread.start()
    thread.join()
    return found[0]

is_set = %s
print(json.dumps([is_set, faults(), in_a_thread()]))
"""


def run(call, **environment):
    """What `call` returns, and the page faults of 40 tensors in the main and in another thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    command = [sys.executable, "-c", PROGRAM % call]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(found.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_freed_memory_is_used_again_in_all_threads():
    """A tensor has 16,384 pages of 4 KiB; with huge pages fewer."""
    is_set, main, other = run("keep_freed_memory()")
    _, main_before, other_before = run("False")
    assert is_set
    assert main < main_before / 5
    assert other < other_before / 5, "a new arena for each thread gains nothing"


def test_settings_of_the_user_are_left_alone():
    assert not run("keep_freed_memory()", MALLOC_ARENA_MAX="2")[0]

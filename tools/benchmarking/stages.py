"""Seconds and memory of stages, and the speed of the machine, for `tools/benchmark.py`."""

import ctypes
import platform
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


class Stages:
    """Seconds, peak MiB and inputs of methods, by stage; an outer stage excludes an inner one."""

    def __init__(self, device: torch.device):
        self.device, self.reads_memory = device, False
        self.seconds: dict[str, float] = defaultdict(float)
        self.inputs: dict[str, int] = defaultdict(int)
        self.peaks: dict[str, float] = {}
        self._now, self._start = "", 0.0

    def wrap(self, owner: Any, method: str, stage: str) -> None:
        """Replace `owner.method` by a function that is measured as `stage`."""
        original: Callable = getattr(owner, method)

        def measured(*args: Any, **kwargs: Any) -> Any:
            outer = self._now
            self.enter(stage)
            result = original(*args, **kwargs)
            self.inputs[stage] += len(args[0])
            self.enter(outer)
            return result

        setattr(owner, method, measured)

    def enter(self, stage: str) -> None:
        """The end of the present stage and the start of another."""
        self.seconds[self._now] += seconds(self.device) - self._start
        if self.reads_memory:
            peak = peak_memory(self.device)
            self.peaks[self._now] = max(self.peaks.get(self._now, 0.0), peak)
        self._now, self._start = stage, seconds(self.device)


def seconds(device: torch.device) -> float:
    """Now; on one CPU thread of its own time, which excludes waits for other programs."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    is_alone = device.type == "cpu" and torch.get_num_threads() == 1
    return time.process_time() if is_alone else time.perf_counter()


def peak_memory(device: torch.device) -> float:
    """The most MiB since the last call: allocated on a GPU, else resident; nan if unknown."""
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
        torch.cuda.reset_peak_memory_stats()
        return peak
    try:
        status = Path("/proc/self/status").read_text()
        if platform.libc_ver()[0] == "glibc":
            ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
        lines = dict(line.split(":", 1) for line in status.splitlines())
        return int(lines["VmHWM"].split()[0]) / 2**10
    except (OSError, KeyError):
        return float("nan")


def matmul_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of a product of matrices of 2048 x 2048, the best of 5."""
    a, found = torch.randn(2048, 2048).to(device, dtype), []
    for _ in range(5):
        start = seconds(device)
        a @ a
        found.append(2 * 2048**3 / (seconds(device) - start))
    return max(found)


def machine(device: torch.device) -> str:
    """The processor, and its threads and instructions or the GPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    names = [line.split(":", 1)[1].strip() for line in _cpu_info() if line.startswith("model name")]
    threads, isa = torch.get_num_threads(), torch.backends.cpu.get_cpu_capability()
    return f"{names[0] if names else platform.machine()}, {threads} threads, {isa}"


def _cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []

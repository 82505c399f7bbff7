"""Ctrl-C at several moments of real programs: one line, and exit code 130."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..helpers.command import ROOT

EVALUATE = ["--eval-only", "--config", "configs/storybook/sclip_freecp.yaml"]


def interrupt(command, wait):
    """Exit code and stderr of a program whose processes get SIGINT after `wait(process)`."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        wait(process)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, errors


def until_torch_is_loaded(process):
    """Wait for the first of torch's libraries in the process, long before its import has ended."""
    end = time.monotonic() + 60
    while "libtorch" not in Path(f"/proc/{process.pid}/maps").read_text():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(
    "command",
    [
        ["train_net.py", *EVALUATE],
        ["tools/storybook/train.py"],
        ["-m", "freecp_d2.words", "stats"],
        ["-m", "freecp", "evaluate", *EVALUATE],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_while_torch_is_imported(command):
    code, errors = interrupt(command, until_torch_is_loaded)
    assert code == 130
    assert errors.strip() == "Interrupted."


def test_while_processes_start_and_run(tmp_path):
    command = ["train_net.py", *EVALUATE, "--num-gpus", "2", "OUTPUT_DIR", str(tmp_path)]
    code, errors = interrupt(command, lambda process: time.sleep(4))
    assert code == 130
    assert "Traceback" not in errors
    assert errors.strip().splitlines()[-1].startswith("Interrupted")

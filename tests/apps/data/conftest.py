"""The scripts of datasets/ as commands, on a root of their own."""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DATASETS = Path(__file__).resolve().parents[3] / "datasets"


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """What `--root` is by default."""
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(root, capsys):
    """`run("prepare_x", *options)`, in this process: (exit status, what it prints)."""

    def call(name: str, *options: str) -> tuple[int, str]:
        spec = importlib.util.spec_from_file_location(name, DATASETS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        status = module.main(["--workers", "1", *options])
        return status, capsys.readouterr().out

    return call


@pytest.fixture
def start(root):
    """`start("prepare_x", *options)`: the process that a user starts, with pipes for its output."""
    started = []

    def call(name: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, str(DATASETS / f"{name}.py"), *options]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, start_new_session=True, **pipes))
        return started[-1]

    yield call
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its children too, should it have left any
        process.communicate()

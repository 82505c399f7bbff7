"""Atomic writes and lock files."""

import errno
import os
import subprocess
import sys

import pytest

from freecp_d2.utils.files import locked, write_whole

from ..helpers.command import ROOT


def test_write_and_replace(tmp_path):
    path = tmp_path / "file"
    for content in (b"first", b"second"):
        write_whole(path, content)
        assert path.read_bytes() == content
        assert list(tmp_path.iterdir()) == [path]


def test_others_can_read_it(tmp_path):
    """As they can what `open` makes, unlike files of `tempfile`."""
    write_whole(tmp_path / "ours", b"")
    (tmp_path / "usual").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_errors_name_the_file_and_leave_the_older_one(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "file", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as error:
        write_whole(tmp_path / "folder", b"")
    assert str(error.value).endswith(f"directory: '{tmp_path / 'folder'}'")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "folder" / "file"
    write_whole(path, b"first")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*/file'"):
        write_whole(str(path), b"second")
    assert path.read_bytes() == b"first"
    assert list(path.parent.iterdir()) == [path]


HOLDER = """
import sys, types
package = sys.modules["freecp_d2"] = types.ModuleType("freecp_d2")  # its imports take seconds
package.__path__ = ["freecp_d2"]
from freecp_d2.utils.files import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_waited_for_and_released_by_a_kill(tmp_path):
    path, waited = tmp_path / "lock", []
    command = [sys.executable, "-W", "ignore", "-c", HOLDER, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as holder:
        assert holder.stdout.readline() == "held\n"

        def on_wait():
            waited.append(True)
            holder.kill()

        with locked(path, on_wait):
            assert waited == [True]
    with locked(path, pytest.fail):  # nobody holds it any longer
        pass

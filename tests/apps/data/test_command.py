"""`freecp data` and the scripts of datasets/: options, exit status, a kill and Ctrl-C."""

import contextlib
import os
import runpy
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from freecp_d2.apps.data import command

from .label_files import files, read, write

DATASETS = Path(__file__).resolve().parents[3] / "datasets"
RAW = "coco/stuffthingmaps/val2017"
CONVERTED = "coco/stuffthingmaps_detectron2/val2017"

SLOW = """
import sys, time
from freecp_d2.apps.data import command
from freecp_d2.data.conversion import label_files

def slow(encoding, path, convert=label_files.convert_label):
    time.sleep(600 if "stuck" in path else 0.01)
    return convert(encoding, path)

label_files.convert_label = slow
if __name__ == "__main__":
    sys.exit(command.prepare("coco_stuff", sys.argv[1:]))
"""


class TestOptions:
    def test_wrong_ones(self, capsys):
        for argv in (("--workers", "0"), ("--split", "test"), ("--source", "x")):
            with pytest.raises(SystemExit):
                command.prepare("coco_stuff", argv)
            assert argv[0] in capsys.readouterr().err

    def test_help_lists_the_folders(self):
        text = command.build_parser("coco_object").format_help()
        for part in ("coco/stuffthingmaps/val2017/*.png", "*_instanceTrainIds.png", "--source"):
            assert part in text


class TestExitStatus:
    def end_with(self, monkeypatch, error):
        def convert(*_):
            raise error

        monkeypatch.setattr(command, "convert_context", convert)
        return command.prepare("pascal_context", [])

    def test_only_errors_of_the_program_have_a_traceback(self, monkeypatch):
        for error, raised, text in (
            (ValueError("Extract it."), SystemExit, r"Extract it\."),
            (FileNotFoundError("Extract it."), SystemExit, r"Extract it\."),
            (BrokenProcessPool(), SystemExit, "smaller --workers"),
            (KeyError("x"), KeyError, "x"),
        ):
            with pytest.raises(raised, match=text):
                self.end_with(monkeypatch, error)

    def test_ctrl_c(self, monkeypatch, capsys):
        assert self.end_with(monkeypatch, KeyboardInterrupt()) == 130
        assert "repeat the command" in capsys.readouterr().out


class TestActions:
    def test_prepare_and_verify(self, root, capsys, monkeypatch):
        monkeypatch.setattr(sys, "argv", ["freecp"])
        write(root / RAW / "1.png", [[12]])
        assert command.main(["prepare", "coco_stuff", "--workers", "1"]) == 0
        assert read(root / CONVERTED / "1.png") == [[11]]
        assert command.main(["verify", "voc21"]) == 1
        assert "freecp_voc21_val: not found" in capsys.readouterr().out

    def test_usage(self, capsys):
        for argv in ([], ["--help"], ["prepare", "--help"]):
            assert command.main(argv) == 0
            assert "usage: freecp data" in capsys.readouterr().out
        for argv in (["prepare"], ["prepare", "voc21"], ["other"]):
            assert command.main(argv) == 2
            assert "pascal_context" in capsys.readouterr().err

    def test_every_script(self, root, monkeypatch):
        scripts = sorted(DATASETS.glob("prepare_*.py"))
        assert [path.stem.removeprefix("prepare_") for path in scripts] == [*command.DESCRIPTIONS]
        for path in scripts:
            monkeypatch.setattr(sys, "argv", [str(path), "--split", "train"])
            with pytest.raises(SystemExit, match="found no files to convert") as stop:
                runpy.run_path(str(path), run_name="__main__")
            title = path.stem.removeprefix("prepare_").replace("_", "").lower()
            program, _, message = str(stop.value.code).partition(": error: ")
            assert program == path.name
            assert message.partition(":")[0].lower().replace("-", "").replace(" ", "") == title


@pytest.fixture
def start(root, tmp_path):
    """`start()`: the script `SLOW` with two workers, in a group of processes of its own."""
    script, started = tmp_path / "slow.py", []
    script.write_text(SLOW)

    def call() -> subprocess.Popen:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        argv = [sys.executable, str(script), "--workers", "2"]
        started.append(subprocess.Popen(argv, start_new_session=True, **pipes))
        return started[-1]

    yield call
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and its workers, if any are left
        process.communicate()


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def descendants(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = [int(child) for child in file.read().split()]
    return [*children, *(pid for child in children for pid in descendants(child))]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def num_converted(root):
    return len(list((root / CONVERTED).glob("*.png")))


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="needs Linux")
class TestStopped:
    def test_killed_and_continued(self, root, start, capsys):
        """One worker is stuck when all are killed."""
        names = [f"{i:03d}.png" for i in range(60)]
        names[40] = "040_stuck.png"
        for i, name in enumerate(names):
            write(root / RAW / name, [[12, i % 11]])
        process = start()
        wait_for(lambda: num_converted(root) >= 32)
        workers = descendants(process.pid)
        assert len(workers) >= 2
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        wait_for(lambda: not any(map(alive, workers)))
        assert not (root / CONVERTED / names[40]).exists()
        leftover = root / CONVERTED / f".{process.pid}.{'0' * 32}.tmp"
        leftover.write_bytes(b"half")

        assert command.prepare("coco_stuff", ["--workers", "2"]) == 0
        assert "were there already" in capsys.readouterr().out
        assert files(root / CONVERTED) == names
        for i, name in enumerate(names):
            assert read(root / CONVERTED / name) == [[11, i % 11]]

    def test_interrupted(self, root, start):
        """A terminal sends Ctrl-C to the whole group of processes."""
        for i in range(800):
            write(root / RAW / f"{i:04d}.png", [[12]])
        process = start()
        wait_for(lambda: num_converted(root) > 0)
        os.killpg(process.pid, signal.SIGINT)
        printed, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "repeat the command" in printed
        assert "Traceback" not in errors
        converted = files(root / CONVERTED)
        assert 0 < len(converted) < 800
        assert all(read(root / CONVERTED / name) == [[11]] for name in converted)

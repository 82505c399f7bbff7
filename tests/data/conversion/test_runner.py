"""Converting many files: what is written, kept and reported, in one process or more."""

import os
import signal
import subprocess
import sys
import time

import pytest

from freecp_d2.data.conversion.runner import Job, Outcome, convert_files
from freecp_d2.utils import files

SLOW_COMMAND = """
import sys, time
from pathlib import Path
from freecp_d2.data.conversion.runner import Job, convert_files
from freecp_d2.data.conversion.command import run_command

def slow(content):
    time.sleep(0.01)
    return content

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    jobs = [Job(str(i), folder / f"{i}.txt", b"whole") for i in range(3000)]
    convert = lambda: convert_files(jobs, slow, folder=folder, num_workers=2)
    sys.exit(run_command(convert, print))
"""


def upper(text: str) -> bytes:
    if text == "bad":
        raise ValueError("is bad, expected good.")
    if text == "bug":
        raise KeyError(text)
    return text.upper().encode()


def jobs_for(folder, *texts):
    return [Job(f"source {i}", folder / f"{i}.txt", text) for i, text in enumerate(texts, start=1)]


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
def num_workers(request):
    return request.param


class TestFiles:
    def test_are_written(self, tmp_path, num_workers):
        folder = tmp_path / "new" / "folder"
        texts = [f"text {i}" for i in range(20)]
        outcome = convert_files(
            jobs_for(folder, *texts), upper, folder=folder, num_workers=num_workers
        )
        assert outcome == Outcome(str(folder), 20)
        assert contents(folder) == {f"{i}.txt": f"TEXT {i - 1}" for i in range(1, 21)}

    def test_in_several_folders(self, tmp_path):
        jobs = [Job(name, tmp_path / name / "1.txt", name) for name in ("ulm", "bonn")]
        convert_files(jobs, upper, folder=tmp_path)
        assert (tmp_path / "ulm/1.txt").read_text() == "ULM"
        assert (tmp_path / "bonn/1.txt").read_text() == "BONN"

    def test_bad_sources_do_not_stop_the_others(self, tmp_path, num_workers):
        jobs = jobs_for(tmp_path, "a", "bad", "c", "bad", "e")
        outcome = convert_files(jobs, upper, folder=tmp_path, num_workers=num_workers)
        assert outcome.broken == tuple(f"source {i}: is bad, expected good." for i in (2, 4))
        assert outcome.written == 3
        assert contents(tmp_path) == {"1.txt": "A", "3.txt": "C", "5.txt": "E"}

    def test_that_are_there_are_kept(self, tmp_path):
        (tmp_path / "1.txt").write_text("older")
        outcome = convert_files(jobs_for(tmp_path, "a", "b"), upper, folder=tmp_path)
        assert (outcome.written, outcome.kept) == (1, 1)
        assert contents(tmp_path) == {"1.txt": "older", "2.txt": "B"}

    def test_unless_all_are_written_anew(self, tmp_path):
        (tmp_path / "1.txt").write_text("older")
        outcome = convert_files(jobs_for(tmp_path, "a"), upper, folder=tmp_path, overwrite=True)
        assert (outcome.written, outcome.kept) == (1, 0)
        assert contents(tmp_path) == {"1.txt": "A"}

    def test_nothing_to_do(self, tmp_path, num_workers):
        outcome = convert_files([], upper, folder=tmp_path, num_workers=num_workers)
        assert outcome == Outcome(str(tmp_path), 0)

    def test_two_sources_of_one_file(self, tmp_path):
        jobs = [Job(name, tmp_path / "1.txt", name) for name in ("a", "b")]
        with pytest.raises(ValueError, match="a and b would both become"):
            convert_files(jobs, upper, folder=tmp_path)

    def test_a_mistake_in_the_program_is_no_bad_source(self, tmp_path, num_workers):
        jobs = jobs_for(tmp_path, "a", "bug")
        with pytest.raises(KeyError):
            convert_files(jobs, upper, folder=tmp_path, num_workers=num_workers)

    def test_a_full_disk_is_no_bad_source(self, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("freecp_d2.data.conversion.runner.write_whole", full)
        with pytest.raises(OSError, match="No space left"):
            convert_files(jobs_for(tmp_path, "a"), upper, folder=tmp_path)


class TestLeftovers:
    def test_of_a_killed_run_are_removed(self, tmp_path, monkeypatch):
        def killed(*_, **__):
            raise SystemExit

        with monkeypatch.context() as patch:
            patch.setattr(files.os, "replace", killed)
            patch.setattr(files.Path, "unlink", lambda *_, **__: None)
            with pytest.raises(SystemExit):
                files.write_whole(tmp_path / "1.txt", b"half")
        assert len(contents(tmp_path)) == 1
        convert_files(jobs_for(tmp_path, "a"), upper, folder=tmp_path)
        assert contents(tmp_path) == {"1.txt": "A"}

    def test_other_files_stay(self, tmp_path):
        for name in (".tmp", ".mine.tmp", "1.tmp", ".12.tmp"):
            (tmp_path / name).write_text("mine")
        convert_files(jobs_for(tmp_path, "a"), upper, folder=tmp_path)
        assert sorted(contents(tmp_path)) == [".12.tmp", ".mine.tmp", ".tmp", "1.tmp", "1.txt"]


class TestOutcome:
    def test_all_done(self):
        outcome = Outcome("/labels", 5000)
        assert str(outcome) == "5,000 files written to /labels."
        assert outcome.status == 0

    def test_broken(self):
        outcome = Outcome("/labels", 3, 2, ("a.png: is bad", "b.png: is worse"), ("Mind this.",))
        lines = str(outcome).splitlines()
        assert lines[0] == "3 files written to /labels, 2 were there already."
        assert lines[1] == "2 could not be converted:"
        assert lines[2:4] == ["  a.png: is bad", "  b.png: is worse"]
        assert lines[-1] == "Mind this."
        assert outcome.status == 1


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal to a group of processes")
def test_ctrl_c_ends_all_processes(tmp_path):
    """To the whole group, as a terminal sends it."""
    script = tmp_path / "slow.py"
    script.write_text(SLOW_COMMAND)
    folder = tmp_path / "out"
    folder.mkdir()
    command = [sys.executable, str(script), str(folder)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as process:
        end = time.monotonic() + 60
        while not any(folder.iterdir()):
            assert time.monotonic() < end
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "repeat the command" in printed
    assert "Traceback" not in errors
    assert 0 < len(contents(folder)) < 3000
    assert set(contents(folder).values()) == {"whole"}

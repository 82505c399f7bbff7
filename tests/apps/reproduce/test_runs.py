"""Runs as processes: done or not, resumed, failed, waited for."""

import dataclasses
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from freecp_d2.apps.reproduce import command_line, execute, plan_grid, read_record
from freecp_d2.apps.reproduce.runs import LOG_NAME
from tests.helpers.miniatures import make_miniature

from .sandbox import answer, calls, request


@pytest.fixture
def runs(root):
    found = plan_grid(request(root, 1)).runs()
    answer(root, found)
    return found


def run_it(run, root):
    stages = []
    return execute(run, root, 1, stages.append), stages


class TestResume:
    def test_done_once(self, runs, root):
        assert read_record(runs[0]) is None
        assert run_it(runs[0], root)[0] == ""
        before = (runs[0].folder / "results.json").stat().st_mtime_ns
        assert run_it(runs[0], root)[0] == ""
        assert calls(root) == [runs[0].folder.name]
        assert (runs[0].folder / "results.json").stat().st_mtime_ns == before

    @pytest.mark.parametrize(
        ("key", "value"),
        [("config_sha256", "other"), ("vocabulary", {"sha256": "other"}), ("vocabulary", None)],
    )
    def test_results_of_something_else(self, runs, root, key, value):
        run_it(runs[0], root)
        path = runs[0].folder / "results.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
        assert read_record(runs[0]) is None
        assert run_it(runs[0], root)[0] == ""
        assert len(calls(root)) == 2

    @pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", "\x00"])
    def test_damaged_results(self, runs, root, content):
        runs[0].folder.mkdir(parents=True)
        (runs[0].folder / "results.json").write_text(content)
        assert read_record(runs[0]) is None

    def test_a_file_that_the_config_names_has_changed(self, root):
        texts = root / "texts.json"
        texts.write_text('{"cat": ["a cat"]}')
        grid = plan_grid(request(root, opts=("MODEL.TEXT.DESCRIPTIONS", str(texts))))
        answer(root, grid.runs())
        run = grid.runs()[-1]
        run_it(run, root)
        assert read_record(run) is not None
        later = time.time() + 60
        os.utime(texts, (later, later))
        assert read_record(run) is None

    def test_there_are_more_images_by_now(self, root, tmp_path, monkeypatch):
        monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path / "part"))
        make_miniature(tmp_path / "part", "ade20k", num_images=2)
        (run, *_) = runs = plan_grid(request(root, 1, benchmarks=("ade20k",))).runs()
        answer(root, runs, images=2)
        run_it(run, root)
        assert read_record(run) is not None
        make_miniature(tmp_path / "whole", "ade20k", num_images=3)
        monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path / "whole"))
        assert read_record(run) is None


class TestFailures:
    def test_it_fails(self, runs, root):
        answer(root, runs, does={0: "fail"})
        failure, _ = run_it(runs[0], root)
        first, *tail = failure.splitlines()
        assert first == f"exit code 3; its output is in {runs[0].folder / LOG_NAME}"
        assert tail[-1].strip() == "a reason"

    def test_it_leaves_no_results_of_this_config(self, runs, root):
        text = (root / "runs.json").read_text().replace(runs[0].digest, "other")
        (root / "runs.json").write_text(text)
        failure, _ = run_it(runs[0], root)
        assert "left no results.json of this config" in failure

    def test_old_results_do_not_hide_it(self, runs, root):
        run_it(runs[0], root)
        path = runs[0].folder / "results.json"
        path.write_text(path.read_text().replace(runs[0].digest, "other"))
        answer(root, runs, does={0: "fail"})
        assert "exit code 3" in run_it(runs[0], root)[0]
        assert not path.exists()


class TestProcesses:
    def test_progress(self, runs, root):
        answer(root, runs, does={0: "sleep"})
        stages = []

        def progress(stage):
            stages.append(stage)
            if "image" in stage:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            execute(runs[0], root, 1, progress)
        assert stages[-1] == "image 11/50, 0:01:02 left"
        with open(runs[0].folder / ".lock") as file:  # its process is gone, and with it the lock
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_a_run_that_another_is_making_is_waited_for(self, runs, root):
        runs[0].folder.mkdir(parents=True)
        descriptor = os.open(runs[0].folder / ".lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        command = [sys.executable, str(root / "train_net.py"), "OUTPUT_DIR", str(runs[0].folder)]

        def other():
            time.sleep(0.3)
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            os.close(descriptor)

        thread = threading.Thread(target=other)
        thread.start()
        failure, stages = run_it(runs[0], root)
        thread.join()
        assert failure == ""
        assert "waiting" in stages[0]
        assert calls(root) == [runs[0].folder.name], "the other's, and none of ours"

    def test_what_is_left_of_a_killed_command_keeps_its_lock(self, runs, root):
        """Only the command is killed, not its group: the run goes on, and is not made twice."""
        answer(root, runs, does={0: "sleep"})
        program = (
            "from tests.apps.reproduce.sandbox import *\n"
            "from freecp_d2.apps.reproduce import *\n"
            "from pathlib import Path\n"
            f"root = Path({str(root)!r})\n"
            "execute(plan_grid(request(root, 1)).runs()[0], root, 1, lambda stage: None)\n"
        )
        command = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
        try:
            deadline = time.time() + 120
            while not calls(root) and time.time() < deadline:
                time.sleep(0.1)
            assert calls(root) == [runs[0].folder.name]
            command.kill()
            command.wait()
            with open(runs[0].folder / ".lock") as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.killpg(command.pid, signal.SIGKILL)


class TestCommand:
    def test_for_a_shell(self, runs, root, monkeypatch):
        monkeypatch.chdir(root)
        line = command_line(runs[1], root)
        assert line.startswith(
            "python train_net.py --eval-only --config configs/storybook/sclip_freecp.yaml "
            "--num-gpus 1 MODEL.PURIFICATION_HEAD.REDUNDANCY.ENABLED False "
        )
        assert line.endswith(f"OUTPUT_DIR {runs[1].folder}")

    def test_several_processes_take_a_free_port(self, runs, root):
        assert "--num-gpus 2 --dist-url auto" in command_line(runs[0], root, 2)

    def test_a_users_own_code(self, runs, root):
        mine = dataclasses.replace(runs[1], imports=("my_heads.py",))
        assert " --num-gpus 1 --import my_heads.py MODEL." in command_line(mine, root)

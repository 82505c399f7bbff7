"""The command line, failures, and a table that is killed and continued."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from freecp_d2.apps.reproduce import command
from freecp_d2.apps.reproduce.command import main
from freecp_d2.apps.reproduce.plan import plan_grid
from freecp_d2.apps.reproduce.runs import execute
from freecp_d2.engine.checks import CheckedRun
from tests.apps.reproduce.sandbox import answer, calls, is_locked, request
from tests.helpers.command import ROOT

_SMALL = """
MODEL.TEXT.TEMPLATES simple MODEL.SLIDING_WINDOW.SIZE 192 MODEL.SLIDING_WINDOW.STRIDE 192
INPUT.MIN_SIZE_TEST 96 DATALOADER.NUM_WORKERS 0 MODEL.DEVICE cpu
"""
SMALL = _SMALL.split()


def arguments(root, table=1, *more):
    output = str(root / "output")
    return ["--table", str(table), "--benchmarks", "storybook", "--output", output, *more]


def cells_of(path):
    return json.loads(path.read_text())["cells"]


def states(root, table=1):
    return [cell["state"] for cell in cells_of(root / "output" / f"table{table}.json")]


class TestTable:
    @pytest.fixture(autouse=True)
    def _no_checks(self, monkeypatch):
        monkeypatch.setattr(command, "check_run", lambda cfg, clip: CheckedRun(cfg, None))

    @pytest.fixture
    def runs(self, root):
        found = plan_grid(request(root, 1)).runs()
        answer(root, found)
        return found

    def test_runs_are_made_once(self, root, runs, capsys):
        assert main(arguments(root)) == 0
        printed = capsys.readouterr().out
        assert "0 are done, 3 to run." in printed
        ours = [line.split()[-1] for line in printed.splitlines() if "ours" in line]
        assert ours == ["10.0", "11.0", "12.0"]
        shown = json.loads((root / "output" / "table1.json").read_text())["command"]
        assert shown.startswith("freecp reproduce --table 1 ")
        assert main(arguments(root)) == 0
        assert "3 are done, 0 to run." in capsys.readouterr().out
        assert calls(root) == [run.folder.name for run in runs]
        answer(root, plan_grid(request(root, 3)).runs())
        assert main(arguments(root, 3)) == 0
        assert len(calls(root)) == 3 + 4, "two of the six rows of Tab. 3 are in Tab. 1"

    def test_failure_does_not_stop_the_others(self, root, runs, capsys):
        answer(root, runs, does={1: "fail"})
        assert main(arguments(root)) == 1
        printed = capsys.readouterr().out
        assert printed.count("a reason") == 1, "the end of the output"
        assert "failed[1]" in printed
        assert states(root) == ["done", "failed", "done"]
        answer(root, runs)
        assert main(arguments(root)) == 0
        assert states(root) == ["done"] * 3

    def test_run_that_is_not_possible(self, root, runs, monkeypatch, capsys):
        seen = []

        def check(cfg, clip):
            seen.append(clip)
            if cfg.MODEL.PURIFICATION_HEAD.ORACLE:
                raise KeyError("no such head")
            return CheckedRun(cfg, None, "a loaded CLIP")

        monkeypatch.setattr(command, "check_run", check)
        assert main(arguments(root)) == 0
        printed = capsys.readouterr().out
        assert "-[1]" in printed
        assert "[1] no such head" in printed
        assert states(root) == ["done", "done", "none"]
        assert seen == [None, "a loaded CLIP", "a loaded CLIP"]  # loaded once

    def test_nothing_is_possible(self, root):
        (root / "configs").unlink()
        (root / "configs" / "storybook").mkdir(parents=True)
        assert main(arguments(root, 6)) == 1
        assert set(states(root, 6)) == {"none"}

    def test_list_runs_nothing(self, root, runs, capsys):
        assert execute(runs[1], root) == ""
        assert main(arguments(root, 1, "--list")) == 0
        printed = capsys.readouterr().out
        ours = [line.split()[-1] for line in printed.splitlines() if "ours" in line]
        assert ours == ["...", "11.0", "..."]
        assert "1 of 3 runs are done" in printed
        assert printed.count("train_net.py --eval-only") == 2
        assert len(calls(root)) == 1


def test_mistakes(root, capsys):
    for more, message in (
        ("--benchmarks voc", "--benchmarks: no voc; use voc21, "),
        ("--methods sclip", "--methods chooses in Tab. 2 and 4; Tab. 1"),
        ("--limit -1", "--limit -1"),
        ("--num-gpus 0", "--num-gpus 0"),
        ("--descriptions llama=x.json", "--descriptions: no llama; use vicuna, gpt."),
        ("--descriptions gpt", "write gpt=PATH"),
    ):
        assert main(arguments(root, 1, *more.split())) == 2
        assert message in capsys.readouterr().err
    assert calls(root) == []


def test_no_data(root, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path))
    for more, messages in (
        ([], ("no benchmark of Tab. 4 can be evaluated here", "storybook needs no data")),
        (["--benchmarks", "ade20k"], ("found no ADEChallengeData2016",)),
    ):
        assert main(["--table", "4", "--output", str(root / "output"), *more]) == 2
        error = capsys.readouterr().err
        assert all(message in error for message in messages)


def test_keys_after_a_list_of_names():
    for names in (
        "--benchmarks voc21 ade20k --methods gem",
        "--methods gem --benchmarks voc21 ade20k",
    ):
        args = command.parse(["--table", "2", *names.split(), "MODEL.PRECISION", "fp16"])
        assert (args.benchmarks, args.methods) == (["voc21", "ade20k"], ["gem"])
        assert args.opts == ["MODEL.PRECISION", "fp16"]
    for benchmarks in ([], ["--benchmarks", "all"]):
        args = command.parse(["--table", "2", *benchmarks])
        assert command.read_request(args).benchmarks == ()


@pytest.mark.slow
def test_killed_and_resumed(tmp_path, capsys):
    """Two runs on Storybook, of two images, in processes."""
    options = ["--table", "2", "--methods", "gem", "--benchmarks", "storybook", "--limit", "2"]
    options += ["--output", str(tmp_path), *SMALL]
    env = os.environ | {"PYTHONWARNINGS": "ignore"}
    killed = subprocess.Popen(
        [sys.executable, "tools/reproduce.py", *options],
        cwd=ROOT, env=env, start_new_session=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    runs = tmp_path / "runs" / "storybook"
    try:
        deadline = time.time() + 200
        while len(list(runs.glob("*/console.txt"))) < 2:  # one is done, the next has begun
            assert killed.poll() is None, "it ended too early"
            assert time.time() < deadline
            time.sleep(0.05)
        killed.kill()
        killed.wait()
        (done,) = runs.glob("*/results.json")
        (begun,) = (folder for folder in runs.iterdir() if folder != done.parent)
        assert is_locked(begun), "its process continues"
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
    before = done.stat().st_mtime_ns
    assert [cell["state"] for cell in cells_of(tmp_path / "table2.json")] == ["done", "open"]

    assert main(options) == 0
    printed = capsys.readouterr().out
    assert "1 are done, 1 to run." in printed
    assert "2 of 150 images: not comparable" in printed
    assert done.stat().st_mtime_ns == before
    assert len(list(runs.glob("*/results.json"))) == len(list(runs.iterdir())) == 2

    cells = cells_of(tmp_path / "table2.json")
    for cell in cells:
        assert cell["state"] == "done"
        assert 0 < cell["ours"] < 100
        assert cell["config"]["TEST"]["NUM_IMAGES"] == 2
        assert f"~{cell['ours']:.1f}" in printed

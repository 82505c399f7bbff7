"""Runs as processes: done or not, resumed, failed, waited for."""

import dataclasses
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from freecp_d2.apps.reproduce.plan import plan_grid
from freecp_d2.apps.reproduce.runs import (
    LOG_NAME,
    _resume_option,
    command_line,
    execute,
    read_record,
)
from freecp_d2.engine import select_records
from freecp_d2.engine.resuming import open_partial, run_facts
from freecp_d2.modeling.text_head import vocabulary_from_config
from freecp_d2.utils.files import locked
from tests.helpers.miniatures import make_miniature

from .sandbox import answer, calls, execute_all, is_locked, request


@pytest.fixture
def runs(root):
    found = plan_grid(request(root, 1)).runs()
    answer(root, found)
    return found


def test_results_of_another_config_or_vocabulary_are_not_valid(runs, root):
    path = runs[0].folder / "results.json"
    assert read_record(runs[0]) is None
    execute_all(root, runs[:1])
    record = json.loads(path.read_text())
    for change in ({"config_sha256": "x"}, {"vocabulary": {"sha256": "x"}}, {"vocabulary": None}):
        path.write_text(json.dumps(record | change))
        assert read_record(runs[0]) is None
    assert len(calls(root)) == 1
    execute_all(root, runs[:1])
    assert len(calls(root)) == 2
    for content in ("", "{", "[]", "{}", "null", "\x00"):
        path.write_text(content)
        assert read_record(runs[0]) is None


def test_results_older_than_a_file_of_the_config_are_not_valid(root):
    texts = root / "texts.json"
    texts.write_text('{"cat": ["a cat"]}')
    grid = plan_grid(request(root, opts=("MODEL.TEXT.DESCRIPTIONS", str(texts))))
    answer(root, grid.runs())
    run = grid.runs()[-1]
    execute(run, root)
    assert read_record(run) is not None
    later = time.time() + 60
    os.utime(texts, (later, later))
    assert read_record(run) is None


def test_results_of_fewer_images_are_not_valid(root, tmp_path, monkeypatch):
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path / "part"))
    make_miniature(tmp_path / "part", "ade20k", num_images=2)
    (run, *_) = runs = plan_grid(request(root, 1, benchmarks=("ade20k",))).runs()
    answer(root, runs, images=2)
    execute(run, root)
    assert read_record(run) is not None
    make_miniature(tmp_path / "whole", "ade20k", num_images=3)
    monkeypatch.setenv("DETECTRON2_DATASETS", str(tmp_path / "whole"))
    assert read_record(run) is None


def test_an_interrupted_run_continues(runs):
    """With the same settings only; another program would refuse others."""
    run = runs[0]
    assert _resume_option(run) == []
    selected = {name: select_records(run.cfg, name) for name in run.cfg.DATASETS.TEST}
    facts = run_facts(run.cfg, vocabulary_from_config(run.cfg), selected)
    open_partial(str(run.folder), facts, resume=False)
    assert _resume_option(run) == ["--resume"]
    other = run.cfg.clone()
    other.defrost()
    other.INPUT.RESIZE = "pil"
    assert _resume_option(dataclasses.replace(run, cfg=other)) == []


def test_failures(runs, root):
    """The message has the end of the output; old results are removed."""
    execute_all(root, runs[:1])
    path = runs[0].folder / "results.json"
    path.write_text(path.read_text().replace(runs[0].digest, "other"))
    answer(root, runs, does={0: "fail"})
    first, *tail = execute(runs[0], root).splitlines()
    assert "exit code 3" in first
    assert str(runs[0].folder / LOG_NAME) in first
    assert tail[-1].strip() == "a reason"
    assert not path.exists()
    answer(root, runs)
    text = (root / "runs.json").read_text().replace(runs[0].digest, "other")
    (root / "runs.json").write_text(text)
    assert "no results.json of this config" in execute(runs[0], root)


def test_interruption_ends_the_process(runs, root, monkeypatch):
    answer(root, runs, does={0: "sleep"})

    def interrupted(self, *args, **options):
        monkeypatch.undo()
        while not calls(root):
            time.sleep(0.02)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        execute(runs[0], root)
    assert not is_locked(runs[0].folder), "the process has ended"


def test_run_of_another_process_is_waited_for(runs, root, capsys):
    runs[0].folder.mkdir(parents=True)
    command = [sys.executable, str(root / "train_net.py"), "OUTPUT_DIR", str(runs[0].folder)]

    def other(lock):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        lock.close()

    with locked(runs[0].folder / ".lock") as lock:
        thread = threading.Thread(target=other, args=(lock,))
        thread.start()
        assert execute(runs[0], root) == ""
        thread.join()
    assert "waiting" in capsys.readouterr().out
    assert calls(root) == [runs[0].folder.name], "the other process made the run"


def test_command_line(runs, root, monkeypatch):
    monkeypatch.chdir(root)
    line = command_line(runs[1], root)
    start = "--eval-only --config configs/storybook/sclip_freecp.yaml --num-gpus 1 "
    switch = "MODEL.PURIFICATION_HEAD.REDUNDANCY.ENABLED False "
    assert line.startswith(f"python train_net.py {start}{switch}")
    assert line.endswith(f"OUTPUT_DIR {runs[1].folder}")
    assert "--num-gpus 2 --dist-url auto" in command_line(runs[0], root, 2), "a free port"
    mine = dataclasses.replace(runs[1], imports=("my_heads.py",))
    assert " --num-gpus 1 --import my_heads.py MODEL." in command_line(mine, root)
    (root / "train_net.py").unlink()
    line = command_line(runs[1], root)
    assert line.startswith(f"python -m freecp evaluate {start}"), "an installed package"

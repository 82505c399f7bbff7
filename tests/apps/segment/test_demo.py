"""The command: words, patterns, killed runs, changes, errors."""

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from freecp_d2.apps.segment.command import main
from freecp_d2.data.storybook import draw_scene
from freecp_d2.utils.files import write_whole

from ...helpers.command import ROOT
from .samples import CONFIG, write_video
from .samples import SMALL as SMALL_OPTS

BASE = ("--config", CONFIG, "--vocabulary", "grass; sky; tree; house")
SMALL = ("--opts", *SMALL_OPTS)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Four pages, one in a sub-folder."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "more").mkdir()
    for i, name in enumerate(("a.png", "b.jpg", "c.png", "more/a.png")):
        Image.fromarray(draw_scene(i).image).save(folder / name)
    return folder


def files_of(folder: Path) -> dict[str, int]:
    """Relative path -> time of change."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def results(pages, tmp_path_factory):
    """Killed with -9 once the first image is done, then started again."""
    out = tmp_path_factory.mktemp("out")
    options = [*BASE, "--input", str(pages), "--output", str(out), "--report", *SMALL]
    command = [sys.executable, "demo/demo.py", *options]
    env = os.environ | {"PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL) as process:
        while not (out / "a.json").exists() and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    killed = files_of(out)
    (out / f".{process.pid}.{'0' * 32}.tmp").write_bytes(b"half a file")
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        assert main(options) == 0
    return out, killed, stdout.getvalue()


def result_files(*stems):
    return {f"{s}{end}" for s in stems for end in (".json", "_overlay.jpg", "_labels.png")}


def test_finished_files_are_not_written_again(results):
    folder, killed, stdout = results
    finished = [name.removesuffix(".json") for name in killed if name.endswith(".json")]
    assert "a" in finished
    assert len(finished) < 4
    after = files_of(folder)
    assert all(after[name] == killed[name] for name in result_files(*finished))
    assert f"{len(finished)} were labelled before" in stdout
    assert set(after) == result_files("a", "b", "c", "more/a") | {"index.html"}
    page = (folder / "index.html").read_text()
    assert page.count("<article") == 4
    assert "4 images in 4 words" in page


def test_changed_inputs_are_labelled_again(results, pages, capsys):
    folder, before = results[0], files_of(results[0])
    Image.fromarray(draw_scene(9).image).save(pages / "c.png")
    arguments = [*BASE, "--input", str(pages), "--output", str(folder), *SMALL]
    (folder / "b_labels.png").unlink()
    assert main(arguments) == 0
    assert "2 labelled" in capsys.readouterr().out
    changed = {name for name, when in files_of(folder).items() if before[name] != when}
    assert changed == result_files("b", "c")


def test_other_words_label_all_again(results, pages, capsys):
    folder, before = results[0], files_of(results[0])
    other = [*BASE[:-1], "grass; sky; tree; car", "--input", str(pages), "--output", str(folder)]
    assert main([*other, *SMALL, "MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH", "1.0"]) == 0
    out = capsys.readouterr().out
    assert "4 labelled" in out
    assert "No word is left in 4 images; lower" in out
    after = files_of(folder)
    assert all(after[name] != when for name, when in before.items() if name != "index.html")


def test_a_pattern_a_video_scores_and_no_purification(pages, tmp_path):
    write_video(tmp_path / "film.bin", num_frames=2)
    config, out = str(ROOT / "configs/storybook/sclip.yaml"), tmp_path / "out"
    arguments = ["--config-file", config, "--vocabulary", "grass; sky", "--report", "--scores"]
    inputs = ["--input", str(pages / "**" / "a.png"), "--video-input", str(tmp_path / "film.bin")]
    assert main([*arguments, *inputs, "--output", str(out), *SMALL]) == 0
    records = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.json")}
    assert set(records) == {"a.json", "more/a.json", "film.json"}
    assert json.loads(records["film.json"])["frames"] == 2
    assert json.loads(records["more/a.json"])["words"] is None
    assert "2 images and 1 video in 2 words" in (out / "index.html").read_text()
    with np.load(out / "more" / "a_scores.npz") as scores:
        assert tuple(scores["size"]) == (192, 256)


def test_mistakes_are_messages_before_a_model_is_loaded(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["demo/demo.py"])
    for options, said in (
        ([], "got nothing to label"),
        (["--input", "missing.png"], "there is no such file"),
        (["--input", "README.md", "--vocabulary", "; ;"], "got no class"),
        (["--input", "README.md", "--vocabulary", ""], "neither a file nor one of the shipped"),
        (["--input", "README.md", "--config-file", "a.yaml"], "a.yaml"),
        (["--input", "README.md", "--output", "README.md"], "--output README.md is a file"),
        (["--input", "demo", "--output", "demo"], "--output demo is the input folder demo"),
        (["--input", "demo/*.png", "--output", "demo"], "in the output folder"),
        (["--input", "README.md", "--config-file", "demo/page.png"], "demo/page.png"),
        (["--input", "README.md", "--opts", "MODEL.DEVICE", "foo"], "use cuda or cpu"),
        (["--input", "README.md", "--overlay-side", "3"], "--overlay-side is 3"),
        (["--input", "README.md", "--import", "no_such_module"], "no_such_module"),
        (["--input", "README.md", "--opts", "MODEL.CLIP.ARCHH", "x"], "MODEL.CLIP.ARCH?"),
    ):
        code = main(["--config-file", CONFIG, *options])
        error = capsys.readouterr().err
        assert code == 2, options
        assert error.startswith("demo.py: error: ")
        assert said in error, options
        assert len(error.splitlines()) == 1, error


def test_other_files_are_not_replaced(pages, tmp_path, capsys):
    arguments = [*BASE, "--output", str(tmp_path), "--report", "--input"]
    (tmp_path / "index.html").write_text("my homepage")
    assert main([*arguments, str(pages), *SMALL]) == 2
    assert "not written by this program" in capsys.readouterr().err
    (tmp_path / "index.html").unlink()
    for name in ("a.png", "a_labels.png"):
        Image.new("RGB", (9, 9)).save(tmp_path / name)
    inputs = [str(tmp_path / name) for name in ("a.png", "a_labels.png")]
    assert main([*arguments, *inputs, *SMALL]) == 2
    assert "a_labels.png is an input and would be replaced" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["a.png", "a_labels.png"]


def test_two_folders_into_one(pages, tmp_path, capsys):
    """The second folder gets other names, and keeps them in a later run."""
    arguments = [*BASE, "--output", str(tmp_path / "out"), "--input"]
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        Image.fromarray(draw_scene(ord(name)).image).save(tmp_path / name / "a.png")
        assert main([*arguments, str(tmp_path / name), *SMALL]) == 0
    for name, file in (("x", "a.json"), ("y", "a.png.json")):
        record = json.loads((tmp_path / "out" / file).read_bytes())
        assert Path(record["input_path"]).parent.name == name
    capsys.readouterr()
    assert main([*arguments, str(tmp_path / "y"), *SMALL]) == 0
    assert "0 labelled" in capsys.readouterr().out


def test_a_full_disk_after_work_is_exit_code_1(pages, tmp_path, capsys, monkeypatch):
    def full(path, content):
        if path.name == "c_overlay.jpg":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write_whole(path, content)

    monkeypatch.setattr("freecp_d2.apps.segment.labelling.write_whole", full)
    arguments = [*BASE, "--output", str(tmp_path), "--input", str(pages)]
    assert main([*arguments, *SMALL]) == 1
    error = capsys.readouterr().err
    for fact in ("No space left on device", "c_overlay.jpg", "2 labelled; the same command"):
        assert fact in error

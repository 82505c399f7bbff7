"""tools/distractors.py: its evaluations on one page, their words, and the files."""

import contextlib
import csv
import io

import pytest

from freecp_d2.text import load_vocabulary
from tests.helpers.wrapped import load_tool

tool = load_tool("distractors")
OPTS = ["DATALOADER.NUM_WORKERS", "0", "MODEL.TEXT.TEMPLATES", "simple", "TEST.NUM_IMAGES", "1"]
OPTS += ["MODEL.TEXT.DESCRIPTIONS", "", "INPUT.MIN_SIZE_TEST", "96"]
OPTS += ["DATASETS.TEST", '("freecp_storybook_val",)', "MODEL.DEVICE", "cpu"]


def run(folder, *options):
    out = io.StringIO()
    command = ["--config", "storybook/sclip_freecp", "--output-dir", str(folder), "--kinds", "near"]
    with contextlib.redirect_stdout(out):
        status = tool.main([*command, *options, *OPTS])
    return status, out.getvalue()


@pytest.fixture(scope="module")
def result(no_charts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("distractors")
    status, printed = run(folder, "--widths", "2,1")
    assert status == 0
    return folder, printed


def test_the_words_of_each_evaluation(result):
    own = list(load_vocabulary("storybook").words)
    folder = result[0] / "storybook_sclip_freecp"
    words = {
        name: (folder / name / "freecp" / "words.txt").read_text().split("\n")[:-1]
        for name in ("own_words", "near_2x_seed0")
    }
    assert words["own_words"] == own
    assert words["near_2x_seed0"][: len(own)] == own
    assert len(words["near_2x_seed0"]) == 2 * len(own)


def test_the_table(result):
    folder, printed = result
    with open(folder / "distractors.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(row["FreeCP"], row["width"]) for row in rows] == [
        (purified, width) for purified in ("False", "True") for width in "12"
    ]
    for row in rows:
        for name in ("mIoU", "recall", "precision"):
            assert 0 < float(row[name]) <= 100
        assert (row["RP_recall"] == "nan") == (row["FreeCP"] == "False")
        assert f" {float(row['mIoU']):.1f} " in printed
    precision = [float(row["RP_precision"]) for row in rows[2:]]
    assert precision[1] < precision[0], "more words that are on no page are kept"
    assert (folder / "distractors.png").read_bytes().startswith(b"\x89PNG")


def test_resume_evaluates_nothing_again(result):
    folder, printed = result
    shards = list(folder.rglob("*.jsonl"))
    before = {path: path.stat().st_mtime_ns for path in shards}
    assert run(folder, "--widths", "1,2", "--resume") == (0, printed)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.jsonl")} == before


def test_a_wrong_command_stops_at_once(tmp_path, capsys):
    for options in (["--widths", "0"], ["--widths", "two"], ["--kinds", "odd"]):
        with pytest.raises(SystemExit):
            run(tmp_path, *options)
        assert options[0] in capsys.readouterr().err
    assert run(tmp_path, "--widths", "99")[0] == 2
    assert "distractors" in capsys.readouterr().err
    assert not list(tmp_path.rglob("results.json"))

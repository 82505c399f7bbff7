"""When a picture counts as done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from freecp_d2.demo.inputs import Source
from freecp_d2.demo.records import (
    find_record,
    forget_record,
    head_of,
    record_path,
    sweep,
    write_record,
)

from .samples import settings

NAME = Path("sub/a.b")


@pytest.fixture
def done(tmp_path):
    """A picture, its settings, and a record with one file."""
    given = settings(tmp_path / "out")
    path = tmp_path / "a.b.jpg"
    path.write_bytes(b"picture")
    source = Source(path, Path("a.b.jpg"), False)
    (given.output / "sub").mkdir(parents=True)
    (given.output / "sub" / "a.b_labels.png").write_bytes(b"labels")
    record = head_of(source, given) | {"files": {"labels": "a.b_labels.png"}}
    write_record(given.output, NAME, record)
    return source, given


def test_it_is_found(done):
    source, given = done
    assert record_path(given.output, NAME) == given.output / "sub" / "a.b.json"
    found = find_record(source, NAME, given)
    assert found is not None
    assert found["vocabulary"]["classes"] == [["cat", "kitten"], ["dog"], ["tree"]]


@pytest.mark.parametrize(
    "change",
    [
        lambda source, given: os.utime(source.path, ns=(1, 1)),
        lambda source, given: source.path.write_bytes(b"another picture"),
        lambda source, given: source.path.unlink(),
        lambda source, given: (given.output / "sub" / "a.b_labels.png").unlink(),
        lambda source, given: record_path(given.output, NAME).write_text("{}"),
        lambda source, given: record_path(given.output, NAME).write_text("[1"),
        lambda source, given: record_path(given.output, NAME).write_text("[]"),
        lambda source, given: forget_record(given.output, NAME),
    ],
    ids=["touched", "edited", "gone", "no file", "empty", "cut", "list", "forgotten"],
)  # fmt: skip
def test_it_is_out_of_date(done, change):
    change(*done)
    assert find_record(done[0], NAME, done[1]) is None


def test_other_settings_and_other_files_are_not_it(done, tmp_path):
    source, given = done
    assert find_record(source, NAME, settings(given.output, scores=True)) is None
    other = tmp_path / "a.b.png"
    os.link(source.path, other)
    assert find_record(Source(other, Path("a.b.png"), False), NAME, given) is None


def test_a_name_that_is_no_utf8_is_recorded(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path / "a") + b"\xff.jpg"))
    path.write_bytes(b"picture")
    given, source = settings(tmp_path), Source(path, Path(path.name), False)
    write_record(tmp_path, Path("a"), head_of(source, given) | {"files": {}})
    text = (tmp_path / "a.json").read_bytes()
    assert json.loads(text)["input"].endswith("a\\xff.jpg")
    assert find_record(source, Path("a"), given) is not None


def test_what_a_killed_run_left_is_swept(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = [f".{os.getpid()}.{'0' * 32}.tmp", ".1.tmp", "a.tmp", ".hidden"]
    gone = [f".{dead.pid}.{'0' * 32}.tmp", f".{dead.pid}.{'1' * 32}.tmp.mp4"]
    for name in kept + gone:
        (tmp_path / name).write_bytes(b"")
    sweep(tmp_path)
    sweep(tmp_path / "no folder")
    assert sorted(os.listdir(tmp_path)) == sorted(kept)

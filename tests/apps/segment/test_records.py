"""When an image counts as done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from freecp_d2.apps.segment.inputs import Source
from freecp_d2.apps.segment.records import (
    check_record,
    files_of,
    find_record,
    forget_record,
    head_of,
    is_taken,
    record_path,
    sweep,
    write_record,
)

from .samples import settings

NAME = Path("sub/a.b")


@pytest.fixture
def done(tmp_path):
    """An image, its settings, and a record with one file."""
    given = settings(tmp_path / "out")
    path = tmp_path / "a.b.jpg"
    path.write_bytes(b"image")
    source = Source(path, Path("a.b.jpg"), False)
    (given.output / "sub").mkdir(parents=True)
    (given.output / "sub" / "a.b_labels.png").write_bytes(b"labels")
    files = files_of(given.output / "sub", {"labels": "a.b_labels.png"})
    record = head_of(source, given) | files
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
        lambda source, given: source.path.write_bytes(b"another image"),
        lambda source, given: source.path.unlink(),
        lambda source, given: (given.output / "sub" / "a.b_labels.png").unlink(),
        lambda source, given: (given.output / "sub" / "a.b_labels.png").write_bytes(b""),
        lambda source, given: record_path(given.output, NAME).write_text("{}"),
        lambda source, given: record_path(given.output, NAME).write_text("[1"),
        lambda source, given: record_path(given.output, NAME).write_text("[]"),
        lambda source, given: forget_record(given.output, NAME),
    ],
    ids=["touched", "edited", "gone", "no file", "damaged", "empty", "cut", "list", "forgotten"],
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
    path.write_bytes(b"image")
    given, source = settings(tmp_path), Source(path, Path(path.name), False)
    write_record(tmp_path, Path("a"), head_of(source, given) | files_of(tmp_path, {}))
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


def test_a_name_of_another_input_is_taken(done, tmp_path):
    source, given = done
    assert not is_taken(source, given.output, NAME)
    assert not is_taken(source, given.output, Path("nothing"))
    (tmp_path / "more").mkdir()
    other = Source(tmp_path / "more" / "a.b.jpg", Path("a.b.jpg"), False)
    other.path.write_bytes(b"another")
    assert is_taken(other, given.output, NAME)
    linked = Source(tmp_path / "linked.jpg", Path("a.b.jpg"), False)
    linked.path.symlink_to(source.path)
    assert not is_taken(linked, given.output, NAME)


def test_an_input_that_moved_leaves_its_name_free(done, tmp_path):
    source, given = done
    (tmp_path / "more").mkdir()
    moved = Source(tmp_path / "more" / "a.b.jpg", Path("a.b.jpg"), False)
    source.path.rename(moved.path)
    assert not is_taken(moved, given.output, NAME)
    assert find_record(moved, NAME, given) is not None


def test_a_relative_path_is_of_its_folder(done, tmp_path, monkeypatch):
    _, given = done
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(name.encode())
    source = Source(Path("a.jpg"), Path("a.jpg"), False)
    monkeypatch.chdir(tmp_path / "x")
    write_record(given.output, NAME, head_of(source, given) | files_of(given.output, {}))
    assert not is_taken(source, given.output, NAME)
    monkeypatch.chdir(tmp_path / "y")
    assert is_taken(source, given.output, NAME)


@pytest.mark.parametrize("content", ['{"images": []}', "[]", "{}"])
def test_a_file_of_others_is_not_replaced(done, content):
    _, given = done
    check_record(given.output, NAME)
    check_record(given.output, Path("nothing"))
    path = record_path(given.output, NAME)
    path.write_text(content)
    with pytest.raises(ValueError, match=r"a\.b\.json was not written by this program"):
        check_record(given.output, NAME)
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match="was not written"):
        check_record(given.output, NAME)


@pytest.mark.parametrize("content", [b"", bytes(300)])
def test_what_a_crash_left_of_a_record_is(done, content):
    _, given = done
    record_path(given.output, NAME).write_bytes(content)
    check_record(given.output, NAME)

"""Settings and records: when an input is finished, and which files are left alone."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from freecp_d2.apps.segment.image_record import (
    find_record,
    forget_record,
    head_of,
    is_taken,
    sweep,
    write_record,
)
from freecp_d2.apps.segment.inputs import Source
from freecp_d2.apps.segment.outputs import result_path
from freecp_d2.text import Vocabulary

from .samples import WORDS, settings

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
    write_record(given.output, NAME, head_of(source, given), ["labels"])
    return source, given


def test_the_digest_changes_with_what_the_files_depend_on(tmp_path):
    before = settings(tmp_path).digest
    for changes in (
        {"vocabulary": Vocabulary.from_string("cat; dog; tree")},
        {"scores": True},
        {"overlay_side": 1024},
        {"opts": ("MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH", "0.02")},
        {"opts": ("INPUT.MIN_SIZE_TEST", "200")},
    ):
        assert settings(tmp_path, **changes).digest != before, changes
    for changes in (
        {"vocabulary": Vocabulary("another name", WORDS.classes)},
        {"max_megapixels": 3.0},
        {"config_file": "the same elsewhere"},
        {"opts": ("MODEL.SLIDING_WINDOW.BATCH_SIZE", "2", "OUTPUT_DIR", "x")},
    ):
        assert settings(tmp_path / "x", **changes).digest == before, changes


def test_the_caveat_is_of_the_weights(tmp_path):
    assert "drawn pages" in settings(tmp_path).caveat
    assert not settings(tmp_path, opts=("MODEL.CLIP.PRETRAINED", "a.pt")).caveat


@pytest.mark.parametrize(
    "change",
    [
        lambda image, labels, record: os.utime(image, ns=(1, 1)),
        lambda image, labels, record: image.write_bytes(b"another image"),
        lambda image, labels, record: image.unlink(),
        lambda image, labels, record: labels.unlink(),
        lambda image, labels, record: labels.write_bytes(b""),
        lambda image, labels, record: record.write_text("[1"),
        lambda image, labels, record: forget_record(record.parent.parent, NAME),
    ],
    ids=["touched", "edited", "gone", "no file", "damaged", "cut", "forgotten"],
)
def test_a_record_is_out_of_date(done, change):
    source, given = done
    folder = given.output / "sub"
    change(source.path, folder / "a.b_labels.png", folder / "a.b.json")
    assert find_record(source, NAME, given) is None


def test_a_record_is_of_its_settings_and_its_file(done, tmp_path):
    source, given = done
    found = find_record(source, NAME, given)
    assert found["vocabulary"]["classes"] == [["cat", "kitten"], ["dog"], ["tree"]]
    assert found["file_bytes"] == {"labels": 6}
    assert find_record(source, NAME, settings(given.output, scores=True)) is None
    other = tmp_path / "a.b.png"
    os.link(source.path, other)
    assert find_record(Source(other, Path("a.b.png"), False), NAME, given) is None


def test_a_name_that_is_not_utf8_is_recorded(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path / "a") + b"\xff.jpg"))
    path.write_bytes(b"image")
    given, source = settings(tmp_path), Source(path, Path(path.name), False)
    write_record(tmp_path, Path("a"), head_of(source, given), [])
    assert json.loads((tmp_path / "a.json").read_bytes())["input"].endswith("a\\xff.jpg")
    assert find_record(source, Path("a"), given) is not None


def test_temporary_files_of_dead_processes_are_removed(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    kept = [f".{os.getpid()}.{'0' * 32}.tmp", ".1.tmp", "a.tmp", ".hidden"]
    gone = [f".{dead.pid}.{'0' * 32}.tmp", f".{dead.pid}.{'1' * 32}.tmp.mp4"]
    for name in kept + gone:
        (tmp_path / name).write_bytes(b"")
    sweep(tmp_path)
    sweep(tmp_path / "no folder")
    assert sorted(os.listdir(tmp_path)) == sorted(kept)


def test_a_name_is_taken_by_another_input_that_exists(done, tmp_path):
    source, given = done
    assert not is_taken(source, given.output, NAME)
    assert not is_taken(source, given.output, Path("nothing"))
    linked = Source(tmp_path / "linked.jpg", Path("a.b.jpg"), False)
    linked.path.symlink_to(source.path)
    assert not is_taken(linked, given.output, NAME)
    (tmp_path / "more").mkdir()
    other = Source(tmp_path / "more" / "a.b.jpg", Path("a.b.jpg"), False)
    other.path.write_bytes(b"another")
    assert is_taken(other, given.output, NAME)
    source.path.rename(other.path)  # the input was moved
    assert not is_taken(other, given.output, NAME)
    assert find_record(other, NAME, given) is not None


def test_files_of_other_programs_are_not_replaced(done):
    _, given = done
    path = result_path(given.output, NAME)
    for content in (path.read_bytes(), b"", bytes(300)):  # the last two are left by a crash
        path.write_bytes(content)
        forget_record(given.output, NAME)
        assert not path.exists()
    for content in ('{"images": []}', "[]", "text"):
        path.write_text(content)
        with pytest.raises(ValueError, match=r"a\.b\.json was not written by this program"):
            forget_record(given.output, NAME)

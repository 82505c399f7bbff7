"""Which files an argument stands for."""

import os

import pytest
from PIL import Image

from freecp_d2.apps.segment.inputs import Inputs, check_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with files of every kind; the current folder."""
    for name in (
        "a.jpg", "b.PNG", "sub/a.jpg", "sub/deep/c.webp", "film.mp4", "notes.txt", "page.svg",
        ".hidden.jpg", ".git/x.jpg", "out/a_overlay.jpg", "folder.jpg/d.png", "Thumbs.db",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"any")
    Image.new("RGB", (2, 2)).save(tmp_path / "no_ending", format="PNG")
    (tmp_path / "linked").symlink_to("sub")
    (tmp_path / "lost.png").symlink_to("nowhere.png")
    os.mkfifo(tmp_path / "pipe.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*arguments, **options):
    return [(str(s.path), str(s.relative)) for s in Inputs(arguments, **options).sources]


def test_a_folder(folder):
    inputs = Inputs(["."], output="out")
    names = ["a.jpg", "b.PNG", "film.mp4", "lost.png", "no_ending", "page.svg"]
    names += ["folder.jpg/d.png", "sub/a.jpg", "sub/deep/c.webp"]
    assert [str(source.relative) for source in inputs.sources] == names
    assert [source.relative.name for source in inputs.sources if source.is_video] == ["film.mp4"]
    assert inputs.num_others == 3  # notes, thumbnails, the pipe
    assert inputs.failures == []
    assert ("out/a_overlay.jpg", "out/a_overlay.jpg") in found(".")  # of another run


def test_a_named_file_is_always_an_input(folder):
    assert found("notes.txt", "sub/a.jpg", ".hidden.jpg") == [
        ("notes.txt", "notes.txt"),
        ("sub/a.jpg", "a.jpg"),
        (".hidden.jpg", ".hidden.jpg"),
    ]


def test_patterns(folder):
    for pattern, expected in (
        ("*.jpg", ["a.jpg", "d.png", "pipe.jpg"]),
        ("sub/*", ["a.jpg", "c.webp"]),
        ("**/a.jpg", ["a.jpg", "a.jpg", "a.jpg"]),
        ("s?b/[ab].jpg", ["a.jpg"]),
    ):
        assert sorted(os.path.basename(name) for name, _ in found(pattern)) == expected
    assert ("sub/deep/c.webp", "deep/c.webp") in found("sub/**/*.webp")
    (folder / "a[1].jpg").write_bytes(b"any")
    assert found("a[1].jpg") == [("a[1].jpg", "a[1].jpg")]


def test_a_tilde_is_expanded(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder / "sub"))
    assert found("~/deep/*.webp") == [(str(folder / "sub" / "deep" / "c.webp"), "c.webp")]


def test_each_file_once(folder):
    assert len(found("a.jpg", "./a.jpg", str(folder / "a.jpg"), "*.PNG", "b.PNG")) == 2
    (source,) = Inputs(["notes.txt"], videos=["notes.txt"]).sources
    assert source.is_video


def test_missing_inputs_are_reported(folder):
    gone = ["gone.jpg", "gone*.jpg", "https://example.org/a.jpg"]
    inputs = Inputs([*gone, "a.jpg"], videos=["gone.mp4"])
    assert [failure.name for failure in inputs.failures] == [*gone, "gone.mp4"]
    assert "download it" in inputs.failures[2].reason
    assert len(inputs.sources) == 1


@pytest.mark.skipif(not os.geteuid(), reason="root reads everything")
def test_an_unreadable_folder_is_reported(folder):
    (folder / "sub").chmod(0)
    (failure,) = Inputs(["."]).failures
    (folder / "sub").chmod(0o755)
    assert "cannot be read" in failure.reason


def test_a_pattern_skips_the_output(folder):
    (folder / "out" / "deep").mkdir()
    (folder / "out" / "deep" / "b.jpg").write_bytes(b"any")
    for pattern in ("**/*.jpg", "*", "out/*", "**"):
        assert any(name.startswith("out") for name, _ in found(pattern)), pattern
        assert not any(name.startswith("out") for name, _ in found(pattern, output="out"))
    (failure,) = Inputs(["out/*.jpg"], output="out").failures
    assert "in the output folder" in failure.reason
    assert found("out/a_overlay.jpg", output="out")  # a named file


def test_files_are_sorted_by_the_numbers_in_their_names(folder):
    names = ["p1.jpg", "p2.jpg", "p10.jpg"]
    (folder / "n").mkdir()
    for name in names:
        (folder / "n" / name).write_bytes(b"any")
    for argument in ("n", "n/*"):
        assert [relative for _, relative in found(argument)] == names


def test_irregular_files_are_named_with_a_reason(folder):
    (folder / "loop").symlink_to("loop")
    check_file(folder / "a.jpg")
    reasons = {"gone.png": "no such file", "": "not a regular file", "lost.png": "link"}
    for name, said in (reasons | {"pipe.jpg": "not a regular file", "loop": "link"}).items():
        with pytest.raises(ValueError, match=said):
            check_file(folder / name)

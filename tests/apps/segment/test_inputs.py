"""Which files an argument stands for."""

import os

import pytest
from PIL import Image

from freecp_d2.apps.segment.inputs import find_inputs
from freecp_d2.utils.files import printable


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A tree with all that a folder of photographs may have in it; the current folder."""
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
    return [(str(s.path), str(s.relative)) for s in find_inputs(arguments, **options).sources]


def test_a_folder(folder):
    inputs = find_inputs(["."], output="out")
    names = ["a.jpg", "b.PNG", "film.mp4", "lost.png", "no_ending", "page.svg"]
    names += ["folder.jpg/d.png", "sub/a.jpg", "sub/deep/c.webp"]
    assert [str(source.relative) for source in inputs.sources] == names
    assert [source.relative.name for source in inputs.sources if source.is_video] == ["film.mp4"]
    assert inputs.num_others == 3  # notes, thumbnails, the pipe
    assert inputs.failures == ()


def test_the_output_is_an_input_where_it_is_not_the_output(folder):
    assert ("out/a_overlay.jpg", "out/a_overlay.jpg") in found(".")


def test_what_is_named_is_an_input_whatever_it_is(folder):
    assert found("notes.txt", "sub/a.jpg", ".hidden.jpg") == [
        ("notes.txt", "notes.txt"),
        ("sub/a.jpg", "a.jpg"),
        (".hidden.jpg", ".hidden.jpg"),
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["a.jpg", "d.png", "pipe.jpg"]),
        ("sub/*", ["a.jpg", "c.webp"]),
        ("**/a.jpg", ["a.jpg", "a.jpg", "a.jpg"]),
        ("s?b/[ab].jpg", ["a.jpg"]),
    ],
)
def test_patterns(folder, pattern, expected):
    assert sorted(os.path.basename(name) for name, _ in found(pattern)) == expected


def test_a_pattern_keeps_what_is_below_its_first_star(folder):
    assert ("sub/deep/c.webp", "deep/c.webp") in found("sub/**/*.webp")


def test_a_file_whose_name_looks_like_a_pattern(folder):
    (folder / "a[1].jpg").write_bytes(b"any")
    assert found("a[1].jpg") == [("a[1].jpg", "a[1].jpg")]


def test_a_file_that_begins_with_a_tilde_and_a_home(folder, monkeypatch):
    (folder / "~nobody.jpg").write_bytes(b"any")
    monkeypatch.setenv("HOME", str(folder / "sub"))
    assert found("~nobody.jpg", "~/a.jpg", "~/deep/*.webp") == [
        ("~nobody.jpg", "~nobody.jpg"),
        (str(folder / "sub" / "a.jpg"), "a.jpg"),
        (str(folder / "sub" / "deep" / "c.webp"), "c.webp"),
    ]
    assert find_inputs(["~no_such_user/a.jpg"]).failures


def test_each_file_once(folder):
    assert len(found("a.jpg", "./a.jpg", str(folder / "a.jpg"), "*.PNG", "b.PNG")) == 2


def test_a_video_of_any_ending(folder):
    (source,) = find_inputs(["notes.txt"], videos=["notes.txt"]).sources
    assert source.is_video


def test_what_is_not_there_is_said(folder):
    inputs = find_inputs(["gone.jpg", "gone*.jpg", "a.jpg"], videos=["gone.mp4"])
    assert [failure.name for failure in inputs.failures] == ["gone.jpg", "gone*.jpg", "gone.mp4"]
    assert len(inputs.sources) == 1


def test_a_folder_that_cannot_be_read_is_said(folder):
    if not os.geteuid():
        pytest.skip("root reads everything")
    (folder / "sub").chmod(0)
    (failure,) = find_inputs(["."]).failures
    (folder / "sub").chmod(0o755)
    assert "cannot be read" in failure.reason


def test_printable_is_one_line_of_utf8():
    assert (
        printable(os.fsdecode(b"a\n\xff\xc3\xa9\x1b.png"))
        == "a\\n\\xff\N{LATIN SMALL LETTER E WITH ACUTE}\\x1b.png"
    )


def test_a_pattern_leaves_the_output_out(folder):
    (folder / "out" / "deep").mkdir()
    (folder / "out" / "deep" / "b.jpg").write_bytes(b"any")
    for pattern in ("**/*.jpg", "*", "out/*", "**"):
        assert any(name.startswith("out") for name, _ in found(pattern)), pattern
        assert not any(name.startswith("out") for name, _ in found(pattern, output="out"))
    (failure,) = find_inputs(["out/*.jpg"], output="out").failures
    assert "all in the output folder" in failure.reason
    assert found("out/a_overlay.jpg", output="out")  # which is named


def test_numbers_count(folder):
    names = ["p1.jpg", "p2.jpg", "p10.jpg"]
    (folder / "n").mkdir()
    for name in names:
        (folder / "n" / name).write_bytes(b"any")
    assert [relative for _, relative in found("n")] == names
    assert [relative for _, relative in found("n/*")] == names

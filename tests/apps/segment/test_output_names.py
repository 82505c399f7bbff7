"""What results are called: short, all different, the same on every disk."""

import os
import re
from pathlib import Path

import pytest

from freecp_d2.apps.segment.inputs import Source
from freecp_d2.apps.segment.output_names import output_names


def names(*paths):
    """Of (path, relative path) or paths of files that were named."""
    pairs = [p if isinstance(p, tuple) else (p, Path(p).name) for p in paths]
    sources = [Source(Path(path), Path(relative), False) for path, relative in pairs]
    return [str(name) for name in output_names(sources)]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["/x/a.jpg"], ["a"]),
        (["/x/a.jpg", "/x/b.jpg"], ["a", "b"]),
        (["/x/a.jpg", "/x/a.png", "/x/b.png"], ["a.jpg", "a.png", "b"]),
        (["/x/a.jpg", "/y/a.jpg"], ["x/a.jpg", "y/a.jpg"]),
        (["/x/a.jpg", "/X/A.JPG"], ["a.jpg~", "A.JPG~"]),
        (["/x/a.png", "/x/A.PNG", "/x/a.jpg"], ["a.png~", "A.PNG~", "a.jpg"]),
        ([("/x/s/a.jpg", "s/a.jpg"), ("/x/a.jpg", "a.jpg")], ["s/a", "a"]),
        (["/x/a.b.jpg"], ["a.b"]),
        (["/x/.jpg"], ["_jpg"]),
        (["/x/a\nb.jpg"], ["a_b"]),
        (["/x/\N{CAT FACE}.jpg"], ["\N{CAT FACE}"]),
        ([os.fsdecode(b"/x/\xff.jpg")], ["%FF"]),
    ],
)
def test_as_short_as_can_be(paths, expected):
    found = names(*paths)
    assert [name[: len(short)] for name, short in zip(found, expected, strict=True)] == expected
    assert all(
        name == short or short.endswith("~") for name, short in zip(found, expected, strict=True)
    )


def test_what_is_replaced_does_not_make_names_equal():
    found = names("/x/a\n.jpg", "/x/a\t.jpg", "/x/a_.jpg")
    assert len(set(found)) == 3


def test_one_letter_in_two_spellings_is_one_name():
    composed, apart = "/x/\u00e9.jpg", "/x/e\u0301.jpg"
    found = names(composed, apart)
    assert len({name.replace("e\u0301", "\u00e9") for name in found}) == 2


def test_long_names_leave_room_for_endings():
    found = names("/x/" + "a" * 255, "/x/" + "a" * 254 + "b", "/x/" + "\u00e9" * 127)
    assert len(set(found)) == 3
    assert all(len(name.encode()) + len("_labelled.mp4") <= 255 for name in found)


def test_files_of_different_inputs_never_meet():
    """`a` writes a_labels.png; so may `a_labels` nothing of that name."""
    endings = (".json", "_overlay.jpg", "_labels.png", "_scores.npz", "_labelled.mp4")
    found = names("/x/a.png", "/x/a_labels.png", "/x/a_overlay.jpg", "/x/a.json.png")
    files = [name + ending for name in found for ending in endings]
    assert len(set(files)) == len(files)


def test_names_of_other_inputs_are_left_to_them():
    taken = {("/y/a.png", "a"), ("/z/a.png", "a"), ("/z/a.png", "a.png")}
    sources = [Source(Path(f"/{x}/a.png"), Path("a.png"), False) for x in "xyz"]

    def is_taken(source, name):
        return (str(source.path), str(name)) in taken

    found = [str(output_names([source], is_taken)[0]) for source in sources]
    assert found == ["a", "a.png", "z/a.png"]


def test_a_folder_is_not_told_where_it_does_not_help():
    found = names("/home/me/a.png", "/home/me/A.PNG")
    assert all(re.fullmatch(r"(?i)a\.png~[0-9a-f]{8}", name) for name in found)

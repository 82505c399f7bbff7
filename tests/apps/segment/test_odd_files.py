"""More than 200 odd files through the real command: each is labelled, or named once."""

import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from freecp_d2.apps.segment import find_inputs, output_names
from freecp_d2.utils.files import printable

from ...helpers.command import run
from .odd_bad import write_bad
from .odd_good import write_good

WORDS = "sky; sea; grass; brick wall"
SMALL = ("--opts", "INPUT.MIN_SIZE_TEST", "72", "INPUT.MAX_SIZE_TEST", "96")


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Files, and what the command made of them."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "good").mkdir()
    (folder / "bad").mkdir()
    good, bad = write_good(folder / "good"), write_bad(folder / "bad")
    os.mkfifo(folder / "good" / "pipe.jpg")  # of a folder it is left out; whoever reads it hangs
    good[folder / "good" / "names" / ".hidden.png"] = (48, 64)
    Image.new("RGB", (64, 48)).save(folder / "good" / "names" / ".hidden.png")
    inputs = [
        *(str(folder / name) for name in ("good", "bad", "nothing.jpg")),
        str(folder / "good" / "names" / ".hidden.png"),
        str(folder / "*.webm"),
    ]
    done = run(
        "demo/demo.py",
        *("--config-file", "configs/storybook/sclip_freecp.yaml", "--vocabulary", WORDS),
        *("--input", *inputs, "--output", str(folder / "out"), "--report", *SMALL),
    )
    bad += [folder / "nothing.jpg", folder / "*.webm"]
    sources = find_inputs(inputs, output=folder / "out").sources
    names = dict(zip((s.path for s in sources), output_names(sources), strict=True))
    return folder / "out", good, bad, names, done


def test_there_are_200(odd):
    _, good, bad, _, _ = odd
    assert len(good) + len(bad) >= 200
    assert len(good) >= 150
    assert len(bad) >= 70


def test_the_exit_code_says_that_some_are_broken(odd):
    done = odd[-1]
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_each_bad_one_is_named_once_with_a_reason(odd):
    _, _, bad, _, done = odd
    for path in bad:
        lines = [
            line for line in done.stderr.splitlines() if line.startswith(f"{printable(path)}: ")
        ]
        assert len(lines) == 1, path
        assert len(lines[0]) > len(printable(path)) + 10


def test_nothing_else_is_said(odd):
    _, _, bad, _, done = odd
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == len(bad), done.stderr


def test_each_good_one_is_labelled_at_its_size_upright(odd):
    out, good, _, names, _ = odd
    for path, (height, width) in good.items():
        record = json.loads((out / f"{names[path]}.json").read_bytes())
        assert record["size"] == {"width": width, "height": height}, path
        with Image.open(out / f"{names[path]}_labels.png") as labels:
            assert (labels.size, labels.mode) == ((width, height), "P"), path
            assert set(np.unique(np.asarray(labels))) <= {0, 1, 2, 3, 255}
        with Image.open(out / f"{names[path]}_overlay.jpg") as overlay:
            assert overlay.width >= 480
            overlay.load()


def test_no_two_share_a_file(odd):
    out, good, _, names, _ = odd
    assert len({names[path] for path in good}) == len(good)
    assert len(list(out.rglob("*.json"))) == len(good)


def test_broken_files_leave_no_file(odd):
    out, good, *_ = odd
    assert len([path for path in out.rglob("*") if path.is_file()]) == 3 * len(good) + 1


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_all_orientations_have_the_labels_of_the_upright_image(odd, suffix):
    out, good, _, names, _ = odd
    paths = [path for path in good if re.fullmatch(rf"orientation\d\.{suffix}", path.name)]
    assert len(paths) == 8
    maps = [np.asarray(Image.open(out / f"{names[path]}_labels.png")) for path in paths]
    assert len(np.unique(maps[0])) > 1
    for labels in maps[1:]:
        assert np.array_equal(labels, maps[0])


def test_names_of_files_can_be_written_anywhere(odd):
    out, *_ = odd
    for path in out.rglob("*"):
        assert path.name.isprintable()
        assert not path.name.startswith(".")
        assert len(path.name.encode()) <= 255
        os.fsencode(path).decode()  # UTF-8


def test_the_page_names_what_is_broken(odd):
    out, _, bad, _, done = odd
    page = (out / "index.html").read_text()
    assert f"{len(bad)} with problems" in done.stdout
    assert "What could not be labelled" in page
    assert page.count("<article") == len(odd[1])

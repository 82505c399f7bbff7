"""More than 200 odd files through the command: each is labelled or fails with a reason."""

import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from freecp_d2.apps.segment.inputs import find_inputs
from freecp_d2.apps.segment.outputs import output_names
from freecp_d2.utils.files import printable

from ...helpers.command import run
from .odd_bad import write_bad
from .odd_good import write_good
from .samples import PAGE_WORDS, SMALL


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """The files, and the results of the command."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "good").mkdir()
    (folder / "bad").mkdir()
    good, bad = write_good(folder / "good"), write_bad(folder / "bad")
    os.mkfifo(folder / "good" / "pipe.jpg")  # reading it would block
    good[folder / "good" / "names" / ".hidden.png"] = (48, 64)
    Image.new("RGB", (64, 48)).save(folder / "good" / "names" / ".hidden.png")
    inputs = [
        *(str(folder / name) for name in ("good", "bad", "nothing.jpg")),
        str(folder / "good" / "names" / ".hidden.png"),
        str(folder / "*.webm"),
    ]
    done = run(
        "demo/demo.py",
        *("--config-file", "configs/storybook/sclip_freecp.yaml", "--vocabulary", PAGE_WORDS),
        *("--input", *inputs, "--output", str(folder / "out"), "--report", "--opts", *SMALL),
    )
    bad += [folder / "nothing.jpg", folder / "*.webm"]
    sources = find_inputs(inputs, output=folder / "out").sources
    names = dict(zip((s.path for s in sources), output_names(sources), strict=True))
    return folder / "out", good, bad, names, done


def test_the_exit_code_says_that_some_inputs_failed(odd):
    _, good, bad, _, done = odd
    assert done.returncode == 1, done.stderr
    assert f"{len(bad)} with problems" in done.stdout
    assert len(good) >= 150
    assert len(bad) >= 70


def test_each_failure_is_one_line_with_a_reason(odd):
    _, _, bad, _, done = odd
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == len(bad), done.stderr
    for path in bad:
        start = f"{printable(path)}: "
        (line,) = [line for line in lines if line.startswith(start)]
        assert len(line) > len(start) + 8


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


def test_each_good_one_has_three_files_and_failures_have_none(odd):
    out, good, _, names, _ = odd
    assert len({names[path] for path in good}) == len(good)
    assert len(list(out.rglob("*.json"))) == len(good)
    assert len([path for path in out.rglob("*") if path.is_file()]) == 3 * len(good) + 1


def test_all_orientations_have_the_labels_of_the_upright_image(odd):
    out, good, _, names, _ = odd
    for suffix in ("png", "webp", "tif"):
        paths = [path for path in good if re.fullmatch(rf"orientation\d\.{suffix}", path.name)]
        assert len(paths) == 8
        maps = [np.asarray(Image.open(out / f"{names[path]}_labels.png")) for path in paths]
        assert len(np.unique(maps[0])) > 1
        for labels in maps[1:]:
            assert np.array_equal(labels, maps[0])


def test_names_of_results_are_portable(odd):
    out, *_ = odd
    for path in out.rglob("*"):
        assert path.name.isprintable()
        assert not path.name.startswith(".")
        assert len(path.name.encode()) <= 255
        os.fsencode(path).decode()  # UTF-8


def test_the_page_has_all_images_and_failures(odd):
    out, good, *_ = odd
    page = (out / "index.html").read_text()
    assert "What could not be labelled" in page
    assert page.count("<article") == len(good)

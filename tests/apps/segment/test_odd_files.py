"""About 200 odd files through the command: each is labelled or fails with a reason."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from freecp_d2.apps.segment.inputs import find_inputs
from freecp_d2.apps.segment.outputs import output_names
from freecp_d2.utils.files import printable

from ...helpers.command import run
from .odd_files import SIZE, write_bad, write_good
from .samples import PAGE_WORDS, SMALL


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """The results, (good file -> size), bad files, (file -> name of its results), the process."""
    folder = tmp_path_factory.mktemp("odd")
    for name in ("good", "bad"):
        (folder / name).mkdir()
    good, bad = write_good(folder / "good"), write_bad(folder / "bad")
    os.mkfifo(folder / "good" / "pipe.jpg")  # reading it would block
    hidden = folder / "good" / "names" / ".hidden.png"
    good[hidden] = SIZE
    Image.new("RGB", (64, 48)).save(hidden)
    bad += [folder / "nothing.jpg", folder / "*.webm"]
    inputs = [str(path) for path in (folder / "good", folder / "bad", hidden, *bad[-2:])]
    out = folder / "out"
    done = run(
        "demo/demo.py",
        *("--config-file", "configs/storybook/sclip_freecp.yaml", "--vocabulary", PAGE_WORDS),
        *("--input", *inputs, "--output", str(out), "--report", "--opts", *SMALL),
    )
    sources = find_inputs(inputs, output=out).sources
    names = dict(zip((s.path for s in sources), output_names(sources), strict=True))
    return out, good, bad, names, done


def test_each_failure_is_one_line_with_a_reason(odd):
    _, _, bad, _, done = odd
    assert done.returncode == 1, done.stderr
    assert f"{len(bad)} with problems" in done.stdout
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == len(bad) >= 70, done.stderr
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


def test_each_good_one_has_three_files_with_portable_names_and_failures_have_none(odd):
    out, good, _, names, _ = odd
    assert len({names[path] for path in good}) == len(good) >= 120
    assert len(list(out.rglob("*.json"))) == len(good)
    assert len([path for path in out.rglob("*") if path.is_file()]) == 3 * len(good) + 1
    for path in out.rglob("*"):
        assert path.name.isprintable()
        assert not path.name.startswith(".")
        assert len(path.name.encode()) <= 255  # fails if it is not UTF-8


def test_all_orientations_have_the_labels_of_the_upright_image(odd):
    out, good, _, names, _ = odd
    for suffix in (".png", ".webp", ".tif"):
        paths = [p for p in good if p.name.startswith("orientation") and p.suffix == suffix]
        maps = [np.asarray(Image.open(out / f"{names[path]}_labels.png")) for path in paths]
        assert len(maps) == 8
        assert len(np.unique(maps[0])) > 1
        assert all(np.array_equal(labels, maps[0]) for labels in maps)


def test_the_page_has_all_images_and_failures(odd):
    out, good, *_ = odd
    page = (out / "index.html").read_text()
    assert "What could not be labelled" in page
    assert page.count("<article") == len(good)

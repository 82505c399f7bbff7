"""Odd names, sizes and files through the command: each is labelled or fails with a reason."""

import contextlib
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from freecp_d2.apps.segment.command import main
from freecp_d2.apps.segment.inputs import Inputs
from freecp_d2.apps.segment.outputs import output_names
from freecp_d2.data.storybook import draw_scene
from freecp_d2.utils.files import printable

from ...helpers.command import ROOT
from ...helpers.png import png
from .samples import PAGE_WORDS, SMALL

IMAGE = Image.fromarray(draw_scene(32).image).resize((64, 48), Image.Resampling.BOX)
NAMES = [
    b"two words.png", b"new\nline.png", b"'quoted'.png", b'"double".png', b"--force.png",
    b"not utf8 \xff\xfe.png", b"\xe9t\xe9.jpg", "\N{CAT FACE}.png".encode(), b"semi;colon.png",
    "\u05e9\u05dc\u05d5\u05dd.png".encode(), b"back\\slash.png", b"100%.png", b"star*.png",
    b"[brackets].png", b"a<b>&c.png", b"dot..png", b"LOUD.PNG", b"no_ending", b"odd.ending",
    b"twin.png", b"twin.jpg", b"Twin.webp", b"twin.png.png", b"x" * 250 + b".png",
    "\u00e9".encode() * 120 + b".png", b"$(reboot).png", b"~tilde.png", b"trailing .png",
    b"is_jpeg.png", b"folder.jpg/twin.png", b"turned.tif",
]  # fmt: skip
KINDS = {".jpg": "JPEG", ".webp": "WEBP", ".tif": "TIFF"}


def write_good(folder: Path) -> dict[Path, tuple[int, int]]:
    """Write images into an empty folder; file -> (H, W), upright."""
    (folder / "folder.jpg").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    found = {}
    for path in [folder / os.fsdecode(name) for name in NAMES]:
        stored = IMAGE.rotate(90, expand=True) if path.stem == "turned" else IMAGE
        kind = "JPEG" if "jpeg" in path.name else KINDS.get(path.suffix, "PNG")
        stored.save(path, kind, **({"exif": exif} if path.stem == "turned" else {}))
        found[path] = (48, 64)
    (folder / "link.png").symlink_to("twin.png")
    found[folder / "link.png"] = (48, 64)
    for width, height in ((1, 1), (1, 5000), (5000, 1), (3, 700)):
        path = folder / f"{width}x{height}.png"
        ImageOps.fit(IMAGE, (width, height)).save(path)
        found[path] = (height, width)
    return found


def write_bad(folder: Path) -> list[Path]:
    """Write files that are not images, damaged or too large into an empty folder."""
    buffer = io.BytesIO()
    IMAGE.save(buffer, "PNG")
    whole = buffer.getvalue()
    files = {
        "text.jpg": b"Dear reader, this is no image.\n",
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
        "camera.nef": whole,  # what Pillow would read is a thumbnail
        "empty.png": b"",
        "empty.mp4": b"",
        "huge.png": png(100_000, 100_000),
        "no_data.png": png(64, 48, data=b""),
        "cut.png": whole[: len(whole) // 2],
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    links = {"nowhere.jpg": "missing.jpg", "circle.png": "circle.png"}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    locked = ["locked.png"] if os.geteuid() else []  # root reads everything
    for name in locked:
        (folder / name).write_bytes(whole)
        (folder / name).chmod(0)
    return [folder / name for name in [*files, *links, *locked]]


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Results, (good file -> size), bad files, (file -> name of its results), exit code, output."""
    folder = tmp_path_factory.mktemp("odd")
    for name in ("good", "bad"):
        (folder / name).mkdir()
    good, bad = write_good(folder / "good"), write_bad(folder / "bad")
    os.mkfifo(folder / "good" / "pipe.jpg")  # reading it would block
    hidden = folder / "good" / ".hidden.png"
    good[hidden] = (48, 64)
    IMAGE.save(hidden)
    bad += [folder / "nothing.jpg", folder / "*.webm"]
    inputs = [str(path) for path in (folder / "good", folder / "bad", hidden, *bad[-2:])]
    out, stdout, stderr = folder / "out", io.StringIO(), io.StringIO()
    config = str(ROOT / "configs/storybook/sclip.yaml")
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        options = ["--config-file", config, "--vocabulary", PAGE_WORDS, "--report"]
        code = main([*options, "--input", *inputs, "--output", str(out), "--opts", *SMALL])
    sources = Inputs(inputs, output=out).sources
    names = dict(zip((s.path for s in sources), output_names(sources), strict=True))
    return out, good, bad, names, (code, stdout.getvalue(), stderr.getvalue())


def test_each_failure_is_one_line_with_a_reason(odd):
    _, _, bad, _, (code, stdout, stderr) = odd
    assert code == 1, stderr
    assert f"{len(bad)} with problems" in stdout
    lines = [line for line in stderr.splitlines() if line]
    assert len(lines) == len(bad) >= 12, stderr
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
    assert len({names[path] for path in good}) == len(good)
    assert len(list(out.rglob("*.json"))) == len(good)
    assert len([path for path in out.rglob("*") if path.is_file()]) == 3 * len(good) + 1
    for path in out.rglob("*"):
        assert path.name.isprintable()
        assert not path.name.startswith(".")
        assert len(path.name.encode()) <= 255  # fails if it is not UTF-8
    page = (out / "index.html").read_text()
    assert "What could not be labelled" in page
    assert page.count("<article") == len(good)

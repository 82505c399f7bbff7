"""No input makes a program start another one: PostScript, metafiles and camera raw are refused."""

import os

import numpy as np
import pytest
from PIL import Image

from freecp_d2.data.storybook import draw_scene

from ..helpers.command import AUTO_PORT, ROOT, run

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
WITH_PREVIEW = b"\xc5\xd0\xd3\xc6" + (30).to_bytes(4, "little") + bytes(22) + EPS
FILES = {
    "eps.png": EPS,
    "eps.jpg": EPS,
    "eps.tif": EPS,
    "preview.png": WITH_PREVIEW,
    "pdf.png": b"%PDF-1.4\n%%EOF\n",
    "metafile.png": b"\xd7\xcd\xc6\x9a" + bytes(18) + b"\x01\x00\t\x00" + bytes(80),
    "fuji.png": b"FUJIFILMCCD-RAW 0201" + bytes(200),
}
SMALL = ("INPUT.MIN_SIZE_TEST", "72", "INPUT.MAX_SIZE_TEST", "96", "MODEL.TEXT.TEMPLATES", "simple")
STORYBOOK = "configs/storybook/sclip_freecp.yaml"
PYTHON = """
import sys
from pathlib import Path
from freecp_d2 import Predictor
from freecp_d2.d2 import BACKEND, detection_utils
predictor = Predictor.from_config(sys.argv[2], "sky; sea", sys.argv[3:])
for path in Path(sys.argv[1]).iterdir():
    tries = [(predictor, path)]
    if path.suffix != ".nef":
        tries += [(predictor, path.read_bytes()), (predictor, path.open("rb"))]
        tries += [(detection_utils.read_image, path)] * (BACKEND == "fallback")
    for read, given in tries if path.name != "good.png" else ():
        try:
            read(given)
        except (ValueError, OSError):
            continue
        raise SystemExit(f"{path} was read")
"""


@pytest.fixture
def folder(tmp_path):
    """An own dataset: one image, and the files above beside it."""
    page = draw_scene(3).image
    (tmp_path / "photos/images").mkdir(parents=True), (tmp_path / "photos/labels").mkdir()
    (tmp_path / "photos/classes.txt").write_text("sky\nsea\n")
    Image.fromarray(page).save(tmp_path / "photos/images/good.png")
    Image.fromarray(page).save(tmp_path / "photos/images/camera.tif")
    (tmp_path / "photos/images/camera.tif").rename(tmp_path / "photos/images/camera.nef")
    for name, content in FILES.items():
        (tmp_path / "photos/images" / name).write_bytes(content)
    return tmp_path / "photos"


@pytest.fixture
def started(tmp_path):
    """
    A function that runs Python and returns its result and the programs that it started.

    A Ghostscript that can be found would leave a file.
    """
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/gs_was_run\n")
    (tmp_path / "bin/gs").chmod(0o755)

    def call(*command):
        log = tmp_path / "programs.txt"
        log.write_text("")
        paths = [str(ROOT / "tests/helpers/audit"), str(ROOT), os.environ.get("PYTHONPATH", "")]
        result = run(
            *command,
            AUDIT_LOG=str(log),
            PYTHONPATH=os.pathsep.join(filter(None, paths)),
            PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        )
        return result, log.read_text().splitlines()

    return call


def test_the_log_has_what_pillow_runs_by_itself(started, tmp_path):
    (tmp_path / "a.png").write_bytes(EPS)
    code = f"from PIL import Image; Image.open({str(tmp_path / 'a.png')!r}).load()"
    assert any("gs" in line for line in started("-c", code)[1])
    assert (tmp_path / "gs_was_run").exists()


@pytest.mark.parametrize("program", ["python", "command", "benchmark"])
def test_no_program_is_started_for_an_input(started, folder, tmp_path, program):
    images = folder / "images"
    if program == "python":
        result, log = started("-c", PYTHON, str(images), STORYBOOK, *SMALL)
        assert result.returncode == 0, result.stderr
    elif program == "command":
        options = ("--output", str(tmp_path / "out"), "--vocabulary", "sky; sea", "--opts", *SMALL)
        result, log = started(
            "demo/demo.py", "--config-file", STORYBOOK, "--input", str(images), *options
        )
        assert "1 labelled" in result.stdout
        assert all(name in result.stderr for name in FILES), result.stderr
    else:
        for name in ("camera.nef", "eps.jpg", "eps.tif"):  # one image a label, by its suffix
            (images / name).unlink()
        for path in images.iterdir():
            labels = Image.fromarray(np.zeros((192, 256), dtype=np.uint8))
            labels.save(folder / "labels" / f"{path.stem}.png")
        where = ("DATASETS.TEST", f"folder:{folder}", "OUTPUT_DIR", str(tmp_path / "out"))
        result, log = started(
            "train_net.py", "--eval-only", "--config", STORYBOOK, *AUTO_PORT,
            *where, "TEST.ON_ERROR", "skip", *SMALL,
        )  # fmt: skip
        assert "eps.png" in result.stdout + result.stderr
    assert not (tmp_path / "gs_was_run").exists()
    # Libraries look for CUDA and the processor with these when they are imported.
    probes = ("ldconfig", "uname", "nvidia-smi", "nvcc", "lscpu")
    assert [line for line in log if not any(probe in line for probe in probes)] == []

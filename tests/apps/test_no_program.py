"""No input makes a program start another one: PostScript, metafiles and camera raw are refused."""

import json
import os

import pytest
from PIL import Image

from freecp_d2.data.storybook import draw_scene

from ..helpers.command import ROOT, run

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
PROGRAM = """
import json, sys
from pathlib import Path
from freecp_d2 import Predictor
from freecp_d2.apps.segment.command import main as segment
from freecp_d2.d2 import BACKEND, detection_utils

config, folder, segmenting, *options = map(json.loads, sys.argv[1:])
predictor = Predictor.from_config(config, "sky; sea", options)
for path in Path(folder).iterdir():
    tries = [(predictor, path)]
    if path.suffix != ".nef":
        tries += [(predictor, path.read_bytes()), (predictor, path.open("rb"))]
        tries += [(detection_utils.read_image, path)] * (BACKEND == "fallback")  # of evaluations
    for read, given in tries if path.name != "good.png" else ():
        try:
            read(given)
        except (ValueError, OSError):
            continue
        raise AssertionError(f"{path} was read")
segment(segmenting)
"""


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


def test_no_program_is_started_for_an_input(started, tmp_path):
    """Of the predictor, of the reader of evaluations and of `freecp segment`."""
    images = tmp_path / "images"
    images.mkdir()
    page = Image.fromarray(draw_scene(3).image)
    page.save(images / "good.png")
    page.save(images / "camera.nef", "TIFF")
    for name, content in FILES.items():
        (images / name).write_bytes(content)
    config = ["--config", STORYBOOK, "--vocabulary", "sky; sea"]
    segment = [*config, "--input", images, "--output", tmp_path / "out", "--opts", *SMALL]
    arguments = (STORYBOOK, images, segment, *SMALL)
    result, log = started("-c", PROGRAM, *(json.dumps(one, default=str) for one in arguments))
    assert "AssertionError" not in result.stderr
    assert "1 labelled" in result.stdout, result.stderr
    assert all(str(images / name) in result.stderr for name in FILES), result.stderr
    assert not (tmp_path / "gs_was_run").exists()
    # With these, libraries look for CUDA and the processor, and Detectron2 for a compiler.
    probes = ("ldconfig", "uname", "nvidia-smi", "nvcc", "lscpu", "c++")
    assert [line for line in log if not any(probe in line for probe in probes)] == []

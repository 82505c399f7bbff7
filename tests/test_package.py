"""What is installed: a wheel built from the source distribution, used in an empty folder."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from freecp_d2.apps.cli import COMMANDS
from freecp_d2.data.storybook import draw_scene

from .helpers.command import ROOT

BUILD = """
import os, sys
from setuptools import build_meta
os.chdir(sys.argv[1])
print(getattr(build_meta, sys.argv[2])(sys.argv[3]))
"""

PURELIB = "import sysconfig; print(sysconfig.get_path('purelib'))"

SMALL = ["MODEL.TEXT.TEMPLATES", "simple", "INPUT.MIN_SIZE_TEST", "72", "INPUT.MAX_SIZE_TEST", "96"]


def python(*arguments, cwd, interpreter=sys.executable):
    env = os.environ | {"PYTHONPATH": "", "PYTHONWARNINGS": "ignore"}
    command = [str(interpreter), *map(str, arguments)]
    result = subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip().splitlines()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel that is built from an unpacked source distribution."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    source.mkdir()
    for name in ("freecp_d2", "configs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("freecp.py", "pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    sdist = python("-c", BUILD, source, "build_sdist", folder, cwd=folder)[-1]
    with tarfile.open(folder / sdist) as file:
        file.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return folder / python("-c", BUILD, unpacked, "build_wheel", folder, cwd=folder)[-1]


def test_it_holds_every_file_of_the_package_and_every_config(wheel):
    def files(folder):
        found = (path for path in folder.rglob("*") if path.is_file())
        return {str(p.relative_to(folder)) for p in found if "__pycache__" not in p.parts}

    expected = files(ROOT / "freecp_d2") | {f"configs/{name}" for name in files(ROOT / "configs")}
    with zipfile.ZipFile(wheel) as file:
        names = [name.partition("/") for name in file.namelist() if not name.endswith("/")]
    assert {rest for top, _, rest in names if top == "freecp_d2"} == expected


@pytest.fixture(scope="module")
def freecp(wheel, tmp_path_factory):
    """The command of a new environment, run in an empty folder; it returns what is printed."""
    folder = tmp_path_factory.mktemp("environment")
    python("-m", "venv", "--without-pip", folder / "env", cwd=folder)
    interpreter, here = folder / "env" / "bin" / "python", sysconfig.get_path("purelib")
    (site,) = python("-c", PURELIB, cwd=folder, interpreter=interpreter)
    install = ("pip", "--python", interpreter, "install", "--no-deps", "--no-index", wheel)
    python("-m", *install, cwd=folder)
    Path(site, "dependencies.pth").write_text(f"{here}\n")  # behind the wheel
    (folder / "empty").mkdir()

    def run(*words):
        return python(*("-m", "freecp", *words), cwd=folder / "empty", interpreter=interpreter)

    code = "import freecp; print(freecp.__file__)"
    assert python("-c", code, cwd=folder, interpreter=interpreter) == [f"{site}/freecp.py"]
    assert (folder / "env" / "bin" / "freecp").is_file()
    run.folder = folder / "empty"
    return run


def test_words_and_help(freecp):
    assert freecp("--version")[-1].startswith("freecp_d2 ")
    assert all(any(name in line for line in freecp("--help")) for name in COMMANDS)
    assert "2 classes, 2 words" in freecp("words", "check", "cat; dog")[-1]


def test_segment(freecp):
    Image.fromarray(draw_scene(0).image).save(freecp.folder / "page.png")
    options = "--config storybook/sclip_freecp --device cpu --format coco --output labels --opts"
    freecp("segment", "--input", "page.png", *options.split(), *SMALL)
    assert (freecp.folder / "labels" / "page_labels.png").is_file()
    assert json.loads((freecp.folder / "labels/coco/_annotations.coco.json").read_bytes())["images"]

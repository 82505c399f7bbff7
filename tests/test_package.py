"""What is installed: a wheel built from the source distribution, used in an empty folder."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from .helpers.command import ROOT

BUILD = """
import os, sys
from setuptools import build_meta
os.chdir(sys.argv[1])
print(getattr(build_meta, sys.argv[2])(sys.argv[3]))
"""

USE = """
from freecp_d2.engine import load_config
from freecp_d2.engine.config_files import config_path
cfg = load_config(str(config_path("ade20k/sclip_freecp.yaml")))
assert tuple(cfg.DATASETS.TEST) == ("freecp_ade20k_val",), cfg.DATASETS.TEST
print(config_path(""))
"""


def python(*arguments, cwd, path=""):
    env = os.environ | {"PYTHONPATH": str(path), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, *map(str, arguments)]
    result = subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip().splitlines()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel's content, unpacked; built from an unpacked source distribution."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    source.mkdir()
    for name in ("freecp_d2", "configs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    sdist = python("-c", BUILD, source, "build_sdist", folder, cwd=folder)[-1]
    with tarfile.open(folder / sdist) as file:
        file.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    built = python("-c", BUILD, unpacked, "build_wheel", folder, cwd=folder)[-1]
    with zipfile.ZipFile(folder / built) as file:
        file.extractall(folder / "wheel")
    return folder / "wheel"


def test_it_holds_every_file_of_the_package_and_every_config(wheel):
    def files(folder):
        found = (path for path in folder.rglob("*") if path.is_file())
        return {str(p.relative_to(folder)) for p in found if "__pycache__" not in p.parts}

    expected = files(ROOT / "freecp_d2") | {f"configs/{name}" for name in files(ROOT / "configs")}
    assert files(wheel / "freecp_d2") == expected


def test_it_loads_its_configs_in_an_empty_folder(wheel, tmp_path):
    found = python("-c", USE, cwd=tmp_path, path=wheel)[-1]
    assert found == str(wheel / "freecp_d2" / "configs")


def test_the_command_runs_in_an_empty_folder(wheel, tmp_path):
    code = "from freecp_d2.apps.cli import main; main()"
    assert python("-c", code, "--version", cwd=tmp_path, path=wheel)[-1].startswith("freecp_d2 ")
    text = "\n".join(python("-c", code, "--help", cwd=tmp_path, path=wheel))
    assert all(name in text for name in ("segment", "evaluate", "words", "quickstart"))

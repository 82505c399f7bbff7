"""Documents: their Python runs, the options of their commands exist, and the site builds."""

import argparse
import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.apps.cli import COMMANDS
from freecp_d2.d2 import BACKEND
from freecp_d2.data.storybook import draw_scene

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "datasets" / "README.md"]
OF_OTHER_TESTS = {"README.md", "EXTENDING.md", "INTEGRATIONS.md"}
"""Documents whose Python tests of their subjects run."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
EMBEDDED = (
    ("ade20k/", "storybook/"),
    ('"cuda"', '"cpu"'),
    ("cfg.merge_from_file", 'cfg.MODEL.DEVICE = "cpu"\ncfg.merge_from_file'),
)
"""What stands for weights, Detectron2 and a GPU that may not be here."""


def blocks(kind):
    """Blocks of one language, with the name of their document and their number."""
    for path in sorted(DOCUMENTS):
        found = [code for language, code in FENCE.findall(path.read_text()) if language == kind]
        for number, code in enumerate(found):
            yield pytest.param(code, id=f"{path.name}-{number}"), path.name


@pytest.mark.parametrize("code", [p for p, name in blocks("python") if name not in OF_OTHER_TESTS])
def test_python(code, tmp_path, monkeypatch):
    """With the embedded weights, in a folder that has the files that documents name."""
    scene = draw_scene(3).image
    Image.fromarray(scene).save(tmp_path / "photo.jpg")
    (tmp_path / "results").mkdir()
    Image.fromarray(scene[..., 0]).save(tmp_path / "results" / "a_labels.png")
    scores = {"scores": np.zeros((2, 3, 4), np.float16), "size": np.array([6, 8])}
    np.savez(tmp_path / "results" / "a_scores.npz", **scores)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    gate = [(f"detectron2.{m}", "freecp_d2.d2") for m in ("config", "modeling")]
    for written, here in (*EMBEDDED, *(gate if BACKEND == "fallback" else ())):
        code = code.replace(written, here)
    image = torch.zeros(3, 96, 128, dtype=torch.uint8)
    exec(code, {"image": image, "images": ["photo.jpg"] * 2})


class Parsed(BaseException):
    """The options of a command are valid."""


def commands():
    """The lines of `freecp` and of scripts in documents, as (module, arguments)."""
    scripts = {"demo/demo.py": "segment.command", "demo/web.py": "web.command"}
    scripts |= {"train_net.py": "evaluate", "datasets/verify.py": "data.verify"}
    scripts |= {f"tools/{name}.py": f"{name}.command" for name in ("reproduce", "quickstart")}
    for text, name in blocks(""):
        lines = text.values[0].replace("\\\n", " ").splitlines()
        for line in lines:
            words = (
                shlex.split(line, comments=True) if line.startswith(("freecp ", "python ")) else []
            )
            if words and words[0] == "freecp":
                yield name, line, COMMANDS[words[1]][0], words[2:]
            elif words[:2] == ["python", "-m"] and words[2].startswith("freecp_d2."):
                yield name, line, COMMANDS[words[2].partition(".")[2]][0], words[3:]
            elif words and words[1] in scripts:
                yield name, line, scripts[words[1]], words[2:]


def test_options_of_commands(monkeypatch):
    parse = argparse.ArgumentParser.parse_known_args

    def parsed(self, *args, **options):
        found = parse(self, *args, **options)
        if " " not in self.prog.removeprefix("freecp "):  # not a sub-command's own parser
            raise Parsed
        return found

    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", parsed)
    seen = 0
    for document, line, module, words in commands():
        monkeypatch.setattr(sys, "argv", ["freecp"])
        main = importlib.import_module(f"freecp_d2.apps.{module}").main
        try:
            main(words)
        except Parsed:
            seen += 1
        except SystemExit as error:
            raise AssertionError(f"{document}: {line}") from error
    assert seen > 25


@pytest.mark.external
def test_the_site_builds(tmp_path):
    """In strict mode: links, anchors and the docstrings of the reference."""
    if not importlib.util.find_spec("mkdocs") or not importlib.util.find_spec("mkdocstrings"):
        pytest.skip('needs pip install -e ".[docs]"')
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", str(tmp_path / "site")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    reference = (tmp_path / "site" / "docs" / "API" / "index.html").read_text()
    assert 'id="freecp_d2.Predictor.set_thresholds"' in reference

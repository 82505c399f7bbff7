"""The gate: which library it selects, and the names it exports."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from freecp_d2 import d2

ROOT = Path(__file__).resolve().parents[2]
GATE = ROOT / "freecp_d2" / "d2.py"

# Imports the gate by its own name, but not the rest of the project.
IMPORT_GATE = """
import pathlib, sys, types
package = types.ModuleType("freecp_d2")
package.__path__ = [str(pathlib.Path(sys.argv[1]).parent)]
sys.modules["freecp_d2"] = package
import freecp_d2.d2 as d2
from freecp_d2.d2 import *  # every name
heavy = {"torchvision", "omegaconf", "cv2", "pycocotools", "detectron2"}
print(d2.BACKEND, *sorted(heavy & set(sys.modules)))
"""


def import_gate(choice: str | None, folder: Path) -> subprocess.CompletedProcess[str]:
    """Import the gate in a process that finds `folder`, this project and site-packages."""
    env = {key: value for key, value in os.environ.items() if key != "FREECP_D2"}
    env["PYTHONPATH"] = os.pathsep.join([str(folder), str(ROOT)])
    if choice is not None:
        env["FREECP_D2"] = choice
    command = [sys.executable, "-W", "ignore", "-c", IMPORT_GATE, str(GATE)]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder with a package detectron2 that fails like one with an unsuitable torchvision."""
    (tmp_path / "detectron2").mkdir()
    code = 'raise RuntimeError("operator torchvision::nms does not exist")\n'
    (tmp_path / "detectron2" / "__init__.py").write_text(code)
    return tmp_path


def test_uses_detectron2_if_it_is_found(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(broken)
    for choice in ("auto", "detectron2"):
        assert d2._choose_backend(choice) == "detectron2"
    run = import_gate(None, broken)  # auto is the default
    assert run.returncode != 0
    assert "operator torchvision::nms does not exist" in run.stderr


def test_the_fallback_needs_neither_detectron2_nor_heavy_libraries(broken: Path) -> None:
    run = import_gate("fallback", broken)
    assert run.stdout.strip() == "fallback", run.stderr


@pytest.mark.skipif(d2.BACKEND == "detectron2", reason="Detectron2 is installed")
def test_without_detectron2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    assert d2._choose_backend("auto") == "fallback"
    # A `git clone` in the current folder is a folder without __init__.py.
    (tmp_path / "detectron2" / "detectron2").mkdir(parents=True)
    assert d2._choose_backend("auto") == "fallback"
    with pytest.raises(ImportError, match=r"FREECP_D2=detectron2.*github\.com"):
        d2._choose_backend("detectron2")


def test_a_wrong_choice() -> None:
    with pytest.raises(ValueError, match=r"FREECP_D2='yes'.*auto, detectron2, fallback"):
        d2._choose_backend("yes")


def test_backend_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    d2.log_backend.cache_clear()
    with caplog.at_level("INFO", logger="freecp_d2"):
        assert d2.log_backend() == d2.BACKEND
        d2.log_backend()
    lines = [record.getMessage() for record in caplog.records if record.name == "freecp_d2"]
    assert len(lines) == 1
    assert d2.BACKEND in lines[0]


def imported_names(statements: list[ast.stmt]) -> set[str]:
    return {
        alias.asname or alias.name
        for statement in statements
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def test_every_name_has_a_type_and_a_place() -> None:
    tree = ast.parse(GATE.read_text())
    (branch,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = imported_names(branch.body)
    assert typed == {name for names in d2._NAMES.values() for name in names}
    assert typed | {"BACKEND", "Registry", "log_backend"} == set(d2.__all__)
    assert [name for name in d2.__all__ if not hasattr(d2, name)] == []
    home = "detectron2" if d2.BACKEND == "detectron2" else "freecp_d2.d2_fallback"
    assert d2.SemSegEvaluator.__module__.startswith(home)
    assert d2.comm.__name__.startswith(home)
    with pytest.raises(AttributeError, match="no_such_name"):
        d2.no_such_name  # noqa: B018

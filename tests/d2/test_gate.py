"""The gate: which library it chooses, and that nothing else imports Detectron2."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from freecp_d2 import d2

ROOT = Path(__file__).resolve().parents[2]
GATE = ROOT / "freecp_d2" / "d2.py"

# A stand-in that is found like Detectron2, and fails like one with a broken torchvision.
BROKEN = 'raise RuntimeError("operator torchvision::nms does not exist")\n'
# Imports the gate by its own name, but not the rest of the project.
IMPORT_GATE = (
    "import pathlib, sys, types\n"
    "package = types.ModuleType('freecp_d2')\n"
    "package.__path__ = [str(pathlib.Path(sys.argv[1]).parent)]\n"
    "sys.modules['freecp_d2'] = package\n"
    "import freecp_d2.d2 as d2\n"
)
PRINT_BACKEND = IMPORT_GATE + "print(d2.BACKEND)\n"
# Runs the gate up to its imports: what it chooses, without the seconds that importing it takes.
PRINT_CHOICE = (
    "import sys\n"
    "source = open(sys.argv[1]).read().split('# One list of names twice')[0]\n"
    "scope = {'__name__': 'gate'}\n"
    "exec(compile(source, sys.argv[1], 'exec'), scope)\n"
    "print(scope['BACKEND'])\n"
)


def run_gate(code: str, choice: str | None, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process that finds only what is in `folder`, this project and site-packages."""
    env = {key: value for key, value in os.environ.items() if key != "FREECP_D2"}
    env["PYTHONPATH"] = os.pathsep.join([str(folder), str(ROOT)])
    if choice is not None:
        env["FREECP_D2"] = choice
    command = [sys.executable, "-c", code, str(GATE)]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True)


@pytest.fixture
def with_detectron2(tmp_path: Path) -> Path:
    """A folder with a package called detectron2 that cannot be imported."""
    package = tmp_path / "detectron2"
    package.mkdir()
    (package / "__init__.py").write_text(BROKEN)
    return tmp_path


def test_takes_detectron2_where_it_is_found(with_detectron2: Path) -> None:
    for choice in (None, "auto", "detectron2"):
        run = run_gate(PRINT_CHOICE, choice, with_detectron2)
        assert run.stdout.strip() == "detectron2", run.stderr


def test_fallback_does_not_look(with_detectron2: Path) -> None:
    # The whole gate is imported: a look at the broken package would raise.
    run = run_gate(PRINT_BACKEND, "fallback", with_detectron2)
    assert run.stdout.strip() == "fallback", run.stderr


def test_broken_detectron2_fails_loudly(with_detectron2: Path) -> None:
    run = run_gate(PRINT_BACKEND, "auto", with_detectron2)
    assert run.returncode != 0
    assert "operator torchvision::nms does not exist" in run.stderr


class TestWithoutDetectron2:
    @pytest.fixture(autouse=True)
    def needs_absence(self, tmp_path: Path) -> None:
        probe = "import importlib.util as util; print(util.find_spec('detectron2'))"
        if run_gate(probe, None, tmp_path).stdout.strip() != "None":
            pytest.skip("Detectron2 is installed in site-packages, so it cannot be absent")

    def test_auto_falls_back(self, tmp_path: Path) -> None:
        for choice in (None, "auto"):
            assert run_gate(PRINT_CHOICE, choice, tmp_path).stdout.strip() == "fallback"
        # A `git clone` beside the program leaves a folder without __init__.py.
        (tmp_path / "detectron2" / "detectron2").mkdir(parents=True)
        assert run_gate(PRINT_CHOICE, "auto", tmp_path).stdout.strip() == "fallback"

    def test_demanding_it_says_how_to_get_it(self, tmp_path: Path) -> None:
        run = run_gate(PRINT_CHOICE, "detectron2", tmp_path)
        assert run.returncode != 0
        assert "ImportError: FREECP_D2=detectron2" in run.stderr
        assert "https://github.com/facebookresearch/detectron2" in run.stderr


def test_bad_value_says_what_is_expected(tmp_path: Path) -> None:
    run = run_gate(PRINT_CHOICE, "yes", tmp_path)
    assert run.returncode != 0
    assert "ValueError: FREECP_D2='yes'" in run.stderr
    assert "auto, detectron2, fallback" in run.stderr


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


def test_both_branches_hand_out_the_same_names() -> None:
    tree = ast.parse(GATE.read_text())
    (branch,) = [node for node in tree.body if isinstance(node, ast.If)]
    fallback, real = imported_names(branch.body), imported_names(branch.orelse)
    assert fallback == real
    assert fallback | {"BACKEND", "log_backend"} == set(d2.__all__)
    assert [name for name in d2.__all__ if not hasattr(d2, name)] == []
    home = "detectron2" if d2.BACKEND == "detectron2" else "freecp_d2.d2_fallback"
    assert d2.SemSegEvaluator.__module__.startswith(home)
    assert d2.comm.__name__.startswith(home)


def test_importing_the_fallback_needs_no_heavy_library(tmp_path: Path) -> None:
    code = IMPORT_GATE + (
        "heavy = {'torchvision', 'omegaconf', 'cv2', 'pycocotools', 'detectron2'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = run_gate(code, "fallback", tmp_path)
    assert run.stdout.strip() == "[]", run.stderr

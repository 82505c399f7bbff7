"""The training tools as modules, imported as they import one another: by bare names."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tools" / "storybook"


@pytest.fixture
def tools(monkeypatch):
    """`tools("words")` is tools/storybook/words.py; `train` and the like stay free for others."""
    names = [path.stem for path in TOOLS.glob("*.py")]
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(TOOLS)

    def load(name: str) -> ModuleType:
        module = importlib.import_module(name)
        assert Path(module.__file__ or "").parent == TOOLS
        return module

    yield load
    for name in names:
        sys.modules.pop(name, None)

"""
A pytest plugin that lets the fallback stand in for Detectron2, to run Detectron2's own tests on it.

Only for `upstream.py`, in a process of its own: it takes the name `detectron2` for that process.
What the fallback leaves out, modules as well as names, becomes a stand-in that raises when it is
used, so that a test file imports as long as its tests do not need the missing part.
"""

import importlib
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from typing import Any

_REAL = "freecp_d2.d2_fallback"
# Imported by Detectron2's tests, needed by none of those we run.
_OPTIONAL = ("omegaconf", "hydra", "parameterized")


class Missing:
    """Stands for something the fallback leaves out; may be imported, but not used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return Missing(f"{self._name}.{attribute}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{self._name} needs Detectron2.")


class _AliasModule(types.ModuleType):
    """Shows the names of a module of the fallback, and `Missing` for all others."""

    real: types.ModuleType | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.real is not None and hasattr(self.real, name):
            return getattr(self.real, name)
        return Missing(f"{self.__name__}.{name}")


class AliasFinder:
    """Finds `detectron2.x.y` in the fallback; both finder and loader of the import system."""

    def __init__(self) -> None:
        self.missing = [name for name in _OPTIONAL if importlib.util.find_spec(name) is None]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        root = fullname.partition(".")[0]
        if root != "detectron2" and root not in self.missing:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = _AliasModule(spec.name)
        root, _, rest = spec.name.partition(".")
        if root == "detectron2":
            module.real = _import_if_there(f"{_REAL}.{rest}" if rest else _REAL)
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run: the names are looked up as they are asked for."""


def _import_if_there(name: str) -> types.ModuleType | None:
    """The module, or None if the fallback does not have it; an error inside it is not hidden."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # its parent is not there
        return None
    return None if spec is None else importlib.import_module(name)


def pytest_configure() -> None:
    """Take the name `detectron2` before any test is imported."""
    assert "detectron2" not in sys.modules, "Too late: detectron2 has been imported."
    sys.meta_path.insert(0, AliasFinder())  # type: ignore[arg-type]

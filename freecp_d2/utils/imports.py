"""Imports that wait until a name is used (PEP 562), and optional libraries."""

import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.util import resolve_name
from typing import Any


def lazy_names(module: str, places: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """
    The function `__getattr__` of a module; type checkers need the imports under TYPE_CHECKING.

        __getattr__ = lazy_names(__name__, {".classifier": ["TextClassifier"]})

    Args:
        module: its name; that of a package if places are relative.
        places: the module to import from, relative or absolute -> names or submodules of it.
    """
    place_of = {name: place for place, names in places.items() for name in names}

    def get(name: str) -> Any:
        if name not in place_of:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        place = __import__(resolve_name(place_of[name], module), fromlist=[name])
        value = getattr(place, name)
        setattr(sys.modules[module], name, value)  # the next use does not come here
        return value

    return get


def require_library(name: str, *, extra: str, user: str) -> None:
    """Raise `ImportError` if `name`, which `user` needs and our `extra` brings, is missing."""
    if importlib.util.find_spec(name) is None:
        raise ImportError(
            f"{user} needs the library {name}, which is not installed; run pip install "
            f'"freecp_d2[{extra}]".'
        )

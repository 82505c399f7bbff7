"""
Functions that survive pickling.

Counterpart of `detectron2/utils/serialize.py`, which uses cloudpickle. Leaves out: objects whose
class is local to a function; functions and lambdas are covered without cloudpickle.
"""

from __future__ import annotations

import importlib
import marshal
import pickle
import types
from collections.abc import Callable
from typing import Any

__all__ = ["PicklableWrapper"]


def _importable(function: types.FunctionType) -> bool:
    """Whether pickle can find `function` again by its module and qualified name."""
    try:
        pickle.dumps(function)
    except (pickle.PicklingError, AttributeError):
        return False
    return True


def _rebuild_function(
    code: bytes, module: str, name: str, defaults: Any, kwdefaults: Any, closure: tuple | None
) -> PicklableWrapper:
    """Inverse of `PicklableWrapper.__reduce__` for a function that has no importable name."""
    cells = None if closure is None else tuple(types.CellType(unwrap(value)) for value in closure)
    scope = importlib.import_module(module).__dict__
    function = types.FunctionType(marshal.loads(code), scope, name, defaults, cells)
    function.__kwdefaults__ = kwdefaults
    return PicklableWrapper(function)


def unwrap(value: Any) -> Any:
    """The wrapped object of a `PicklableWrapper`, anything else as it is."""
    return value._obj if isinstance(value, PicklableWrapper) else value


def _wrap_function(value: Any) -> Any:
    """Functions inside a closure need the same care as the function itself."""
    return PicklableWrapper(value) if isinstance(value, types.FunctionType) else value


class PicklableWrapper:
    """
    Wraps a callable so that a lambda or a local function can be sent to a loader's worker process.

    A function without an importable name travels as its byte code, defaults and closure; its
    globals are those of its module, imported again on arrival (same Python version on both sides,
    which holds for worker processes).
    """

    def __init__(self, obj: Callable[..., Any]) -> None:
        """
        Args:
            obj: any callable; a wrapped one is not wrapped twice.
        """
        self._obj = unwrap(obj)

    def __reduce__(self) -> tuple:
        obj = self._obj
        if not isinstance(obj, types.FunctionType) or _importable(obj):
            return PicklableWrapper, (obj,)
        cells = obj.__closure__
        closure = None if cells is None else tuple(_wrap_function(c.cell_contents) for c in cells)
        code = marshal.dumps(obj.__code__)
        state = (code, obj.__module__, obj.__name__, obj.__defaults__, obj.__kwdefaults__, closure)
        return _rebuild_function, state

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._obj(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        # The wrapper shows the attributes of what it wraps; `_obj` is missing only while
        # unpickling.
        if name == "_obj":
            raise AttributeError(name)
        return getattr(self._obj, name)

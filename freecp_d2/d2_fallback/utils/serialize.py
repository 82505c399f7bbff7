"""
Functions that survive pickling.

Counterpart of `detectron2/utils/serialize.py`. Leaves out: nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cloudpickle

__all__ = ["PicklableWrapper"]


class PicklableWrapper:
    """
    Wraps a callable so that a lambda or a local function can be sent to a worker process.

    Attributes of the wrapped object are available on the wrapper.
    """

    def __init__(self, obj: Callable[..., Any]) -> None:
        """
        Args:
            obj: any callable; a wrapped one is not wrapped twice.
        """
        self._obj: Any = obj._obj if isinstance(obj, PicklableWrapper) else obj

    def __reduce__(self) -> tuple:
        return cloudpickle.loads, (cloudpickle.dumps(self._obj),)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._obj(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "_obj":  # missing only while unpickling
            raise AttributeError(name)
        return getattr(self._obj, name)

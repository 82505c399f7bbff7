"""
The catalogs: where a dataset's records come from, and what is known about it.

Counterpart of `detectron2/data/catalog.py`. Leaves out: the old names of renamed metadata keys.
"""

from __future__ import annotations

import copy
import types
from collections import UserDict
from collections.abc import Callable
from typing import Any

__all__ = ["DatasetCatalog", "Metadata", "MetadataCatalog"]

Loader = Callable[[], list[dict[str, Any]]]


class _DatasetCatalog(UserDict):
    """Name of a dataset -> function that takes nothing and returns its records, a list of dicts."""

    def register(self, name: str, func: Loader) -> None:
        """
        Make a dataset known.

        Args:
            name: a name nobody has registered yet.
            func: returns the records, the same ones each time; not called here.
        """
        assert callable(func), f"Register a function that returns the records, got {func!r}."
        assert name not in self, f"Dataset '{name}' is already registered!"
        self[name] = func

    def get(self, name: str) -> list[dict[str, Any]]:  # type: ignore[override]
        """
        The records of a dataset.

        Args:
            name: a registered name.

        Returns:
            list[dict]: what the registered function returns, called now.

        Raises:
            KeyError: the name is not registered; the message lists those that are.
        """
        if name not in self:
            known = ", ".join(self.keys())
            raise KeyError(f"Dataset '{name}' is not registered! Available datasets are: {known}")
        return self[name]()

    def list(self) -> list[str]:
        """The registered names."""
        return [*self.keys()]

    def remove(self, name: str) -> None:
        """Forget a dataset."""
        self.pop(name)

    def __repr__(self) -> str:
        return f"DatasetCatalog(registered datasets: {', '.join(self.keys())})"

    __str__ = __repr__


class Metadata(types.SimpleNamespace):
    """
    What is known about one dataset, as attributes (`stuff_classes`, `ignore_label`, ...).

    An attribute can be set once; setting the same value again is fine, another value is an error.
    """

    # A class attribute, so that an error raised before __init__ has run can still name itself.
    name: str = "N/A"

    def __getattr__(self, key: str) -> Any:
        keys = [known for known in self.__dict__ if known != "name"]
        has = f"available keys are {keys}" if keys else "metadata is empty"
        raise AttributeError(
            f"Attribute '{key}' does not exist in the metadata of dataset '{self.name}': {has}."
        )

    def __setattr__(self, key: str, val: Any) -> None:
        if key in self.__dict__:
            old = self.__dict__[key]
            assert old == val, (
                f"Attribute '{key}' in the metadata of '{self.name}' cannot be set "
                f"to a different value!\n{old} != {val}"
            )
        else:
            super().__setattr__(key, val)

    def as_dict(self) -> dict[str, Any]:
        """All attributes as a dict, a shallow copy."""
        return copy.copy(self.__dict__)

    def set(self, **kwargs: Any) -> Metadata:
        """Set several attributes; returns itself."""
        for key, value in kwargs.items():
            setattr(self, key, value)
        return self

    def get(self, key: str, default: Any = None) -> Any:
        """The attribute, or `default` if there is none."""
        return getattr(self, key, default)


class _MetadataCatalog(UserDict):
    """Name of a dataset -> its one Metadata, made when first asked for."""

    def get(self, name: str) -> Metadata:  # type: ignore[override]
        """
        The metadata of a dataset; empty if the name is new.

        Args:
            name: any name, registered in DatasetCatalog or not.
        """
        assert len(name), "A dataset needs a name, got an empty string."
        if name not in self:
            self[name] = Metadata(name=name)
        return self[name]

    def list(self) -> list[str]:
        """The names that have metadata."""
        return [*self.keys()]

    def remove(self, name: str) -> None:
        """Forget the metadata of a dataset."""
        self.pop(name)

    def __repr__(self) -> str:
        return f"MetadataCatalog(registered metadata: {', '.join(self.keys())})"

    __str__ = __repr__


DatasetCatalog = _DatasetCatalog()
MetadataCatalog = _MetadataCatalog()

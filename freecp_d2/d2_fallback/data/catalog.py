"""
Catalogs of datasets and their metadata.

Counterpart of `detectron2/data/catalog.py`. Leaves out: the old names of renamed metadata keys.
"""

import copy
import types
from collections import UserDict
from collections.abc import Callable
from typing import Any

Loader = Callable[[], list[dict[str, Any]]]


class _DatasetCatalog(UserDict):
    """Name of a dataset -> function without arguments that returns its records, a list of dicts."""

    def register(self, name: str, func: Loader) -> None:
        """Register `func`, which returns the records and is not called here, under a new name."""
        assert callable(func), f"Register a function that returns the records, got {func!r}."
        assert name not in self, f"Dataset '{name}' is already registered!"
        self[name] = func

    def get(self, name: str) -> list[dict[str, Any]]:  # type: ignore[override]
        """The records of the registered function; KeyError, with all names, if there is none."""
        if name not in self:
            known = ", ".join(self.keys())
            raise KeyError(f"Dataset '{name}' is not registered! Available datasets are: {known}")
        return self[name]()

    def list(self) -> list[str]:
        """The registered names."""
        return [*self.keys()]

    def remove(self, name: str) -> None:
        self.pop(name)


class Metadata(types.SimpleNamespace):
    """
    Metadata of a dataset as attributes (`stuff_classes`, `ignore_label`, ...).

    An attribute can be set to the same value again; another value is an AssertionError.
    """

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
        """A shallow copy of all attributes."""
        return copy.copy(self.__dict__)

    def set(self, **kwargs: Any) -> "Metadata":
        """Set several attributes; returns itself."""
        for key, value in kwargs.items():
            setattr(self, key, value)
        return self

    def get(self, key: str, default: Any = None) -> Any:
        """The attribute, or `default` if there is none."""
        return getattr(self, key, default)


class _MetadataCatalog(UserDict):
    """Name of a dataset -> its Metadata, created by the first `get`."""

    def get(self, name: str) -> Metadata:  # type: ignore[override]
        """The metadata of a dataset, which need not be registered in `DatasetCatalog`."""
        assert len(name), "A dataset needs a name, got an empty string."
        if name not in self:
            self[name] = Metadata(name=name)
        return self[name]

    def list(self) -> list[str]:
        """The names that have metadata."""
        return [*self.keys()]

    def remove(self, name: str) -> None:
        self.pop(name)


DatasetCatalog = _DatasetCatalog()
MetadataCatalog = _MetadataCatalog()

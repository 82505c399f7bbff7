"""
Datasets from lists and functions.

Counterpart of `detectron2/data/common.py`, and of `PicklableWrapper` in `utils/serialize.py`.
Leaves out: `ToIterableDataset` and `AspectRatioGroupedDataset` (training).
"""

import contextlib
import copy
import logging
import pickle
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cloudpickle
import numpy as np
import torch
from torch.utils import data

logger = logging.getLogger(__name__)


class PicklableWrapper:
    """A callable, such as a lambda, that can be sent to a worker process."""

    def __init__(self, obj: Callable[..., Any]) -> None:
        self._obj: Any = obj._obj if isinstance(obj, PicklableWrapper) else obj

    def __reduce__(self) -> tuple:
        return cloudpickle.loads, (cloudpickle.dumps(self._obj),)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._obj(*args, **kwargs)


class _MapIterableDataset(data.IterableDataset):
    """Map a function over an iterable dataset; items that it maps to None are skipped."""

    def __init__(self, dataset: data.IterableDataset, map_func: Callable) -> None:
        self._dataset = dataset
        self._map_func = PicklableWrapper(map_func)

    def __len__(self) -> int:
        return len(self._dataset)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        return (item for item in map(self._map_func, self._dataset) if item is not None)


class MapDataset(data.Dataset):
    """
    Map a function over a map-style dataset, a list or an iterable dataset.

    Where the function returns None, a map-style dataset returns another item, chosen at random
    among those not known to fail; an iterable dataset continues with the next item.
    """

    def __new__(cls, dataset: Any, map_func: Callable) -> Any:
        if isinstance(dataset, data.IterableDataset):
            return _MapIterableDataset(dataset, map_func)
        return super().__new__(cls)

    def __getnewargs__(self) -> tuple:
        return self._dataset, self._map_func

    def __init__(self, dataset: Any, map_func: Callable) -> None:
        self._dataset = dataset
        self._map_func = PicklableWrapper(map_func)
        self._rng = random.Random(42)
        self._candidates = set(range(len(dataset)))

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, idx: int) -> Any:
        current = int(idx)
        while (mapped := self._map_func(self._dataset[current])) is None:
            self._candidates.discard(current)
            if not self._candidates:
                raise RuntimeError(
                    f"The mapper returned None for every one of {len(self)} items; "
                    "it should return a dict for at least one."
                )
            current = self._rng.choice(sorted(self._candidates))
        self._candidates.add(current)
        return mapped


class _TorchSerializedList:
    """
    A read-only list, pickled item by item into one tensor, which worker processes share.

    Python objects would be copied page by page when their reference counts change
    (https://github.com/pytorch/pytorch/issues/13246).
    """

    def __init__(self, items: Sequence[Any]) -> None:
        pickled = [np.frombuffer(pickle.dumps(item, protocol=-1), dtype=np.uint8) for item in items]
        self._ends = np.cumsum([len(item) for item in pickled], dtype=np.int64)
        self._bytes = torch.from_numpy(np.concatenate(pickled or [np.empty(0, np.uint8)]))

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, idx: int) -> Any:
        start = 0 if idx == 0 else self._ends[idx - 1]
        return pickle.loads(self._bytes[start : self._ends[idx]].numpy().data)


_default_serialize: Callable[[Sequence[Any]], Any] = _TorchSerializedList


@contextlib.contextmanager
def set_default_dataset_from_list_serialize_method(
    new: Callable[[Sequence[Any]], Any],
) -> Iterator[None]:
    """Within this context, `DatasetFromList(serialize=True)` serializes with `new`."""
    global _default_serialize
    old = _default_serialize
    _default_serialize = new
    try:
        yield
    finally:
        _default_serialize = old


class DatasetFromList(data.Dataset):
    """A list as a torch dataset."""

    def __init__(
        self, lst: Sequence[Any], copy: bool = True, serialize: bool | Callable = True
    ) -> None:
        """
        Args:
            copy: return deep copies; serialized items are always copies.
            serialize: store the items in a form that worker processes share; a callable
                (list -> indexable) replaces the usual form.
        """
        self._copy = copy and serialize is False
        method = serialize if callable(serialize) else _default_serialize
        self._lst = method(lst) if serialize else lst

    def __len__(self) -> int:
        return len(self._lst)

    def __getitem__(self, idx: int) -> Any:
        item = self._lst[idx]
        return copy.deepcopy(item) if self._copy else item

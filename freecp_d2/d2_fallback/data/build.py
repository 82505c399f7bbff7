"""
From the name of a dataset to a loader for evaluation.

Counterpart of `detectron2/data/build.py`. Leaves out: training loaders, filters and tables for
instance annotations, precomputed proposals.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from torch.utils import data as torchdata

from ..config import CfgNode, configurable
from ..utils.develop import absent, needs_detectron2
from .catalog import DatasetCatalog
from .common import DatasetFromList, MapDataset
from .dataset_mapper import DatasetMapper
from .samplers import InferenceSampler

__all__ = [
    "build_detection_test_loader",
    "build_detection_train_loader",
    "get_detection_dataset_dicts",
    "trivial_batch_collator",
]

Record = dict[str, Any]

build_detection_train_loader = absent("build_detection_train_loader")


def get_detection_dataset_dicts(names: str | list[str] | tuple[str, ...]) -> Any:
    """
    The records of one dataset, or of several one after the other.

    Args:
        names: names in DatasetCatalog, at least one.

    Returns:
        list[dict] | torch.utils.data.Dataset: the records; where a catalog entry is a torch
        dataset, that dataset (concatenated if several).

    Raises:
        AssertionError: a dataset is empty.
        KeyError: a name is not registered.
    """
    names = [names] if isinstance(names, str) else list(names)
    assert names, "Name at least one dataset, got none."
    datasets: list[Any] = [DatasetCatalog.get(name) for name in names]
    if isinstance(datasets[0], torchdata.Dataset):
        return torchdata.ConcatDataset(datasets) if len(datasets) > 1 else datasets[0]
    for name, records in zip(names, datasets, strict=True):
        assert len(records), f"Dataset '{name}' is empty!"
    return list(itertools.chain.from_iterable(datasets))


def _test_loader_from_config(
    cfg: CfgNode, dataset_name: str | list[str], mapper: Callable[[Record], Any] | None = None
) -> dict[str, Any]:
    """Arguments of `build_detection_test_loader` from a config and the name of a dataset."""
    if cfg.MODEL.LOAD_PROPOSALS:
        raise needs_detectron2("MODEL.LOAD_PROPOSALS=True")
    dataset = get_detection_dataset_dicts(dataset_name)
    is_iterable = isinstance(dataset, torchdata.IterableDataset)
    return {
        "dataset": dataset,
        "mapper": mapper if mapper is not None else DatasetMapper(cfg, False),
        "num_workers": cfg.DATALOADER.NUM_WORKERS,
        "sampler": None if is_iterable else InferenceSampler(len(dataset)),
    }


@configurable(from_config=_test_loader_from_config)
def build_detection_test_loader(
    dataset: list[Any] | torchdata.Dataset,
    *,
    mapper: Callable[[Record], Any] | None,
    sampler: torchdata.Sampler | None = None,
    batch_size: int = 1,
    num_workers: int = 0,
    collate_fn: Callable[[list[Any]], Any] | None = None,
) -> torchdata.DataLoader:
    """
    A loader that gives every item exactly once over all processes, as lists of mapped items.

    Call it with arguments, or as `build_detection_test_loader(cfg, "name_of_dataset")`.

    Args:
        dataset: records, or a torch dataset.
        mapper: record -> what the model takes; None hands out the records. From a config it is
            `DatasetMapper(cfg, is_train=False)`.
        sampler: indices for this process; default `InferenceSampler`. None for an iterable dataset.
        batch_size: items per batch and process. 1 is what published inference times use.
        num_workers: loader processes.
        collate_fn: list of mapped items -> batch; default leaves the list as it is.

    Returns:
        DataLoader: the last batch may be smaller.
    """
    if isinstance(dataset, list):
        dataset = DatasetFromList(dataset, copy=False)
    if mapper is not None:
        dataset = MapDataset(dataset, mapper)
    if isinstance(dataset, torchdata.IterableDataset):
        assert sampler is None, f"An iterable dataset takes no sampler, got {sampler!r}."
    elif sampler is None:
        sampler = InferenceSampler(len(dataset))  # type: ignore[arg-type]
    return torchdata.DataLoader(
        dataset,
        batch_size=batch_size,
        sampler=sampler,
        drop_last=False,
        num_workers=num_workers,
        collate_fn=collate_fn or trivial_batch_collator,
    )


def trivial_batch_collator(batch: list[Any]) -> list[Any]:
    """Leave a batch as the list it is."""
    return batch

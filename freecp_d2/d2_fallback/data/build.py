"""
Loaders for evaluation.

Counterpart of `detectron2/data/build.py`. Leaves out: training loaders, filters and tables for
instance annotations, precomputed proposals.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from torch.utils import data as torchdata

from ..config import CfgNode, configurable
from ..utils import absent, needs_detectron2
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
    The records of one or several datasets of `DatasetCatalog`, concatenated.

    Returns:
        list[dict] | torch.utils.data.Dataset: a dataset if the catalog's entries are datasets.

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
    A loader over lists of mapped items; all processes together load each item once.

    Call it with arguments, or as `build_detection_test_loader(cfg, "name_of_dataset")`.

    Args:
        mapper: record -> input of the model; None: the record itself. From a config:
            `DatasetMapper(cfg, is_train=False)`.
        sampler: indices for this process; None: `InferenceSampler`, or none for an iterable
            dataset.
        batch_size: items per batch and process; the last batch may be smaller.
        collate_fn: list of mapped items -> batch; None: the list.
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
    """Return the list unchanged."""
    return batch

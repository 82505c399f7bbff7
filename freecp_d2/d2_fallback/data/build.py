"""
Loaders for evaluation.

Counterpart of `detectron2/data/build.py`. Leaves out: training loaders, filters and tables for
instance annotations, precomputed proposals.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch.utils import data as torchdata

from ..config import CfgNode, configurable
from .catalog import DatasetCatalog
from .common import DatasetFromList, MapDataset
from .dataset_mapper import DatasetMapper
from .samplers import InferenceSampler

Record = dict[str, Any]


def get_detection_dataset_dicts(names: str | Sequence[str]) -> list[Record]:
    """The records of datasets of `DatasetCatalog`, concatenated; AssertionError if one is empty."""
    found: list[Record] = []
    for name in [names] if isinstance(names, str) else names:
        records = DatasetCatalog.get(name)
        assert len(records), f"Dataset '{name}' is empty!"
        found += records
    return found


def _test_loader_from_config(
    cfg: CfgNode, dataset_name: str | Sequence[str], mapper: Callable[[Record], Any] | None = None
) -> dict[str, Any]:
    dataset = get_detection_dataset_dicts(dataset_name)
    return {
        "dataset": dataset,
        "mapper": mapper if mapper is not None else DatasetMapper(cfg, False),
        "num_workers": cfg.DATALOADER.NUM_WORKERS,
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
        mapper: record -> input of the model; from a config: `DatasetMapper(cfg, is_train=False)`.
        sampler: indices for this process; None: `InferenceSampler`.
        batch_size: items per batch and process; the last batch may be smaller.
    """
    if isinstance(dataset, list):
        dataset = DatasetFromList(dataset, copy=False)
    if mapper is not None:
        dataset = MapDataset(dataset, mapper)
    if sampler is None and not isinstance(dataset, torchdata.IterableDataset):
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

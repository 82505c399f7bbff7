"""
Which items each process evaluates.

Counterpart of `detectron2/data/samplers/distributed_sampler.py`. Leaves out: the training samplers.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data.sampler import Sampler

from ...utils import comm

__all__ = ["InferenceSampler"]


class InferenceSampler(Sampler[int]):
    """
    Cuts `range(size)` into one contiguous piece a process; together they are exactly `range(size)`.

    The pieces differ by at most one item, the longer ones first; with fewer items than processes
    the last pieces are empty.
    """

    def __init__(self, size: int) -> None:
        """
        Args:
            size: number of items in the dataset, at least 1.
        """
        assert size > 0, f"The dataset to sample from should not be empty, got size={size}."
        self._local_indices = self._get_local_indices(size, comm.get_world_size(), comm.get_rank())

    @staticmethod
    def _get_local_indices(total_size: int, world_size: int, rank: int) -> range:
        """The piece of `range(total_size)` that belongs to `rank`."""
        size, longer = divmod(total_size, world_size)  # the first `longer` ranks get one item more
        begin = rank * size + min(rank, longer)
        return range(begin, begin + size + int(rank < longer))

    def __iter__(self) -> Iterator[int]:
        yield from self._local_indices

    def __len__(self) -> int:
        return len(self._local_indices)

"""
The share of a dataset that each process evaluates.

Counterpart of `detectron2/data/samplers/`. Leaves out: the training samplers and
`GroupedBatchSampler`.
"""

from collections.abc import Iterator

from torch.utils.data.sampler import Sampler

from ..utils import comm


class InferenceSampler(Sampler[int]):
    """
    One contiguous part of `range(size)` for each process.

    The sizes differ by at most one, the longer parts first; some are empty if there are fewer items
    than processes.
    """

    def __init__(self, size: int) -> None:
        assert size > 0, f"The dataset to sample from should not be empty, got size={size}."
        self._local_indices = self._get_local_indices(size, comm.get_world_size(), comm.get_rank())

    @staticmethod
    def _get_local_indices(total_size: int, world_size: int, rank: int) -> range:
        size, longer = divmod(total_size, world_size)  # the first `longer` ranks get one item more
        begin = rank * size + min(rank, longer)
        return range(begin, begin + size + int(rank < longer))

    def __iter__(self) -> Iterator[int]:
        yield from self._local_indices

    def __len__(self) -> int:
        return len(self._local_indices)

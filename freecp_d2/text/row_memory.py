"""
Rows of text features that were computed in this process, by content.

Shape letters: `R` rows, `D` embedding.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["RowMemory"]


class RowMemory:
    """
    Keeps the rows that were used last.

    Args:
        capacity: most rows that are kept; of CLIP's text towers a row has 2 to 4 kB.
    """

    def __init__(self, capacity: int = 8192) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[str, Tensor] = OrderedDict()

    def get_or_compute(
        self, keys: Sequence[str], compute: Callable[[Sequence[int]], Tensor]
    ) -> Tensor:
        """
        Args:
            keys: of the rows, what decides their content; may repeat.
            compute: is given the places in `keys` of new rows, each key once, and returns those
                rows; not called where there are none.

        Returns:
            Tensor: shape (R, D), on the CPU.
        """
        first: dict[str, int] = {}
        for i, key in enumerate(keys):
            first.setdefault(key, i)
        found = {key: self._kept[key] for key in first if key in self._kept}
        new = {key: i for key, i in first.items() if key not in found}
        if new:
            rows = compute(list(new.values())).detach().cpu()
            # Copies, for a view would keep all rows that were computed with it.
            found.update((key, row.clone()) for key, row in zip(new, rows, strict=True))
        for key in first:
            self._kept[key] = found[key]
            self._kept.move_to_end(key)
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return torch.stack([found[key] for key in keys])

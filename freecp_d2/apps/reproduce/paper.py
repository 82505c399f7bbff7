"""The numbers that the paper prints, read from `paper.yaml`."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

AVERAGE = "average"
TOLERANCE = 0.3
"""mIoU; what others who re-ran such tables came within, given the same lists of class names."""

_FILE = Path(__file__).with_name("paper.yaml")


@dataclass(frozen=True)
class PaperTable:
    """
    Attributes:
        number: 1 to 6.
        title: what it shows.
        columns: keys of benchmarks and "average"; of base methods where `benchmark` is set.
        rows: key -> mIoU in percent, one a column.
        benchmark: the only one of the table, if the columns are methods.
        quoted: method -> as `rows`, of work that is not run here; None is a dash.
    """

    number: int
    title: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[float, ...]]
    benchmark: str = ""
    quoted: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Keys of the benchmarks, in the order of the columns."""
        if self.benchmark:
            return (self.benchmark,)
        return tuple(key for key in self.columns if key != AVERAGE)

    def number_of(self, row: str, column: str) -> float | None:
        """mIoU in percent that the paper prints; None where it prints none."""
        if row not in self.rows or column not in self.columns:
            return None
        return self.rows[row][self.columns.index(column)]


def read_table(number: int) -> PaperTable:
    """
    Raises:
        KeyError: the paper has no such table.
    """
    tables = _content()["tables"]
    if number not in tables:
        raise KeyError(f"The paper has no table {number}; use one of {sorted(tables)}.")
    node = dict(tables[number])
    return PaperTable(
        number=number,
        title=node["title"],
        columns=tuple(node["columns"]),
        rows=_tuples(node["rows"]),
        benchmark=node.get("benchmark", ""),
        quoted=_tuples(node.get("quoted", {})),
    )


def benchmark_titles() -> dict[str, str]:
    """Key of every benchmark of the paper -> its heading there, in the order of Tab. 2."""
    return dict(_content()["benchmarks"])


def _tuples(rows: Mapping[str, Sequence]) -> dict[str, tuple]:
    return {key: tuple(values) for key, values in rows.items()}


@functools.cache
def _content() -> dict:
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))

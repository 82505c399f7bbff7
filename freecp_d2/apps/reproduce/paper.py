"""The base methods, and the numbers of the paper's tables, read from `paper.yaml`."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

AVERAGE = "average"
TOLERANCE = 0.3  # mIoU; published reproductions with the official class names are within it
NUMBERS = tuple(range(1, 7))
BASES = "bases"
_FILE = Path(__file__).with_name("paper.yaml")
METHODS = {"maskclip": "MaskCLIP", "gem": "GEM", "clearclip": "ClearCLIP", "sclip": "SCLIP"}
"""Those of the paper."""

FURTHER_METHODS = {
    "clip": "CLIP",
    "naclip": "NACLIP",
    "scclip": "SC-CLIP",
    "sfp": "SFP",
    "resclip": "ResCLIP",
    "proxyclip": "ProxyCLIP",
    "cliptrase": "CLIPtrase",
}
"""Those of the table "bases", whose published numbers are for their authors' setting."""


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper; numbers are mIoU in percent."""

    number: int | str  # 1 to 6, or bases: base methods that are not in the paper
    title: str
    columns: Sequence[str]  # benchmarks and "average"; base methods if `benchmark` is set
    rows: Mapping[str, Sequence[float | None]]  # None: not published
    benchmark: str = ""  # the only one of a table whose columns are methods

    @property
    def name(self) -> str:
        """How texts name it."""
        return f"Tab. {self.number}" if self.number in NUMBERS else f"Table {self.number}"

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Keys of the benchmarks, in the order of the columns."""
        if self.benchmark:
            return (self.benchmark,)
        return tuple(key for key in self.columns if key != AVERAGE)

    def number_of(self, row: str, column: str) -> float | None:
        """mIoU in percent of a cell, or None if the paper has no number."""
        if row not in self.rows or column not in self.columns:
            return None
        return self.rows[row][self.columns.index(column)]


def read_table(number: int | str) -> PaperTable:
    """The paper's table of this number, 1 to 6, or the table "bases"."""
    return PaperTable(number, **_content()["tables"][number])


def benchmark_titles() -> dict[str, str]:
    """Key -> heading of the paper's benchmarks, in the order of Tab. 2."""
    return dict(_content()["benchmarks"])


@functools.cache
def _content() -> dict[str, Any]:
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))

"""
The paper's Tab. 1 to 6: its numbers, from `paper.yaml`, and the config and overrides of each cell.

A row is a file of `configs/<benchmark>/` and overrides.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ...engine.variants import VARIANTS

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


@functools.cache
def _content() -> dict[str, Any]:
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))


SOURCES = {"template": "template", "vicuna": "Vicuna", "gpt": "GPT-3.5"}
STORYBOOK = "storybook"
BENCHMARKS = {**_content()["benchmarks"], STORYBOOK: "Storybook"}
"""Key -> heading; Storybook is not in the paper."""

_VARIANTS = {variant.name: tuple(map(str, variant.overrides)) for variant in VARIANTS}
_PAPERS = "vicuna"  # its descriptions are used in all tables but Tab. 4 (Sec. 4.2)


@dataclass(frozen=True)
class Row:
    """A row of a table; "" as text source: as the config."""

    key: str  # as in `paper.yaml`
    title: str
    config: str  # name of the config file, without suffix; {method} is the column's
    overrides: tuple[str, ...] = ()  # "KEY", "VALUE" in turn
    words: str = ""  # text source of the words, Eq. (1)
    descriptions: str = ""  # text source of Eq. (8)
    paper_descriptions: bool = False  # the paper uses Vicuna's; without them the config's are used


@dataclass(frozen=True)
class Column:
    """A column of a table: `key` as in `paper.yaml`, and the base `method` in Tab. 4."""

    key: str
    title: str
    benchmark: str
    method: str = ""


def table_rows(table: PaperTable, methods: Sequence[str]) -> list[Row]:
    """The rows of a table, in the paper's order; `methods` selects rows of Tab. 2."""
    if table.number == BASES:
        return _rows_of_bases()
    if table.number != 2:
        return _ROWS[int(table.number)]
    rows = []
    for method, title in METHODS.items():
        if method in methods:
            freecp = f"{method}_freecp"
            rows += [Row(method, title, method), _freecp(freecp, f"{title} + FreeCP", freecp)]
    return rows


def _rows_of_bases() -> list[Row]:
    rows = []
    for method, title in FURTHER_METHODS.items():
        if method != "clip":  # no authors' setting of its own
            original = f"{method}_original"
            rows.append(Row(original, f"{title}, authors' setting", original))
        if method == "naclip":  # published with and without
            key, without = f"{original}_without_pamr", ("TEST.PAMR.ENABLED", "False")
            rows.append(Row(key, f"{title}, its setting without PAMR", original, without))
        freecp = f"{method}_freecp"
        rows += [Row(method, title, method), _freecp(freecp, f"{title} + FreeCP", freecp)]
    return rows


def table_columns(
    table: PaperTable, benchmarks: Sequence[str], methods: Sequence[str]
) -> list[Column]:
    """The columns of a table, in the order of `benchmarks`; those of Tab. 4 are base methods."""
    if not table.benchmark:
        return [Column(key, BENCHMARKS[key], key) for key in benchmarks]
    prefix = len(benchmarks) > 1
    columns = []
    for key in benchmarks:
        for method in (each for each in table.columns if each in methods):
            title = f"{BENCHMARKS[key]} {METHODS[method]}" if prefix else METHODS[method]
            columns.append(Column(method if key == table.benchmark else "", title, key, method))
    return columns


def config_name(row: Row, column: Column) -> str:
    """Path of the cell's config file, relative to `Request.root`."""
    return f"configs/{column.benchmark}/{row.config.format(method=column.method)}.yaml"


def cell_overrides(
    row: Row, column: Column, sources: Mapping[str, str]
) -> tuple[tuple[str, ...], list[str]]:
    """
    The overrides of a cell, "KEY", "VALUE" in turn, and notes on its text sources.

    `sources` has a file of descriptions for each text source; ValueError if one is missing.
    """
    overrides, notes = list(row.overrides), []
    wanted = {"WORD_DESCRIPTIONS": row.words, "DESCRIPTIONS": row.descriptions}
    if row.paper_descriptions and _PAPERS in sources and column.benchmark != STORYBOOK:
        wanted["DESCRIPTIONS"] = _PAPERS
    for key, source in wanted.items():
        if source:
            value, note = _source_file(source, column.benchmark, sources)
            overrides += [f"MODEL.TEXT.{key}", value]
            notes += [note] if note and note not in notes else []
    return tuple(overrides), notes


def _source_file(source: str, benchmark: str, sources: Mapping[str, str]) -> tuple[str, str]:
    """The value of the config key, and a note or ""."""
    if source == "template":
        return "", ""
    if benchmark == STORYBOOK and source == _PAPERS:
        return STORYBOOK, "Storybook's own descriptions stand in for Vicuna's."
    if source not in sources:
        raise ValueError(
            f"no descriptions by {SOURCES[source]}: none ship with this version; give a file with "
            f"--descriptions {source}=PATH."
        )
    return sources[source].replace("{benchmark}", benchmark), ""


def _freecp(key: str, title: str, config: str = "sclip_freecp", *overrides: str) -> Row:
    return Row(key, title, config, overrides, paper_descriptions=True)


def _texts(words: str, descriptions: str = "") -> Row:
    if not descriptions:
        title = f"alone: {SOURCES[words]}"
        return Row(f"baseline_{words}", title, "{method}", words=words)
    return Row(
        f"{words}_{descriptions}",
        f"FreeCP: {SOURCES[words]}, {SOURCES[descriptions]}",
        "{method}_freecp",
        words=words,
        descriptions=descriptions,
    )


_REFINE = _VARIANTS["refined, all words"]
_OPENCLIP = "OpenCLIP ViT-L/14"

_ROWS = {
    1: [
        Row("baseline", "Baseline", "sclip"),
        Row("refine", "Refine w/o GT", "sclip_freecp", _REFINE),
        Row("refine_gt", "Refine w/ GT", "sclip_freecp", _VARIANTS["refined, GT words"]),
    ],
    3: [
        Row("baseline", "Baseline", "sclip"),
        Row("refine", "+ Refine", "sclip_freecp", _REFINE),
        Row("rp", "RP", "sclip_freecp", _VARIANTS["RP"]),
        _freecp("ap", "AP", "sclip_freecp", *_VARIANTS["AP"]),
        _freecp("ap_rp", "AP-RP", "sclip_freecp", *_VARIANTS["AP-RP"]),
        _freecp("rp_ap", "RP-AP"),
    ],
    4: [
        *map(_texts, SOURCES),
        _texts("template", "template"),
        _texts("template", "vicuna"),
        _texts("vicuna", "vicuna"),
        _texts("template", "gpt"),
        _texts("gpt", "gpt"),
    ],
    5: [
        _freecp("maskformer", "MaskFormer", "sclip_freecp_maskformer"),
        _freecp("dino", "DINO", "sclip_freecp_dino"),
        _freecp("sam", "SAM", "sclip_freecp_sam"),
        _freecp("clip", "CLIP"),
    ],
    6: [
        Row("vitl14", "ViT-L/14", "sclip_vitl14"),
        _freecp("vitl14_freecp", "ViT-L/14 + FreeCP", "sclip_freecp_vitl14"),
        Row("openclip_vitl14", _OPENCLIP, "sclip_openclip_vitl14"),
        _freecp("openclip_vitl14_freecp", f"{_OPENCLIP} + FreeCP", "sclip_freecp_openclip_vitl14"),
        Row("rn50x16", "R50x16", "maskclip_rn50x16"),  # a ResNet has the value path only
        _freecp("rn50x16_freecp", "R50x16 + FreeCP", "maskclip_freecp_rn50x16"),
    ],
}

"""Rows and columns: the keys are the paper's, the overrides load."""

import pytest

from freecp_d2.apps.reproduce.tables import (
    BENCHMARKS,
    METHODS,
    cell_overrides,
    config_name,
    read_table,
    table_columns,
    table_rows,
)
from freecp_d2.engine import load_config
from tests.helpers.command import ROOT

SOURCES = {"vicuna": "storybook", "gpt": "storybook"}
"""Any shipped descriptions."""


def cells(number, benchmarks, methods=tuple(METHODS)):
    table = read_table(number)
    for row in table_rows(table, methods):
        for column in table_columns(table, benchmarks, methods):
            yield row, column


def test_rows_and_columns_are_the_papers():
    for number in range(1, 7):
        table = read_table(number)
        assert [row.key for row in table_rows(table, tuple(METHODS))] == list(table.rows)
        columns = table_columns(table, table.benchmarks, tuple(METHODS))
        expected = [key for key in table.columns if key != "average"]
        assert [column.key for column in columns] == expected
        columns = table_columns(table, list(BENCHMARKS), tuple(METHODS))
        assert len({column.title for column in columns}) == len(columns)


@pytest.mark.parametrize("benchmark", ["storybook", "ade20k"])
def test_every_cell_loads(benchmark):
    for number in range(1, 7):
        for row, column in cells(number, [benchmark]):
            file = ROOT / config_name(row, column)
            if not file.is_file():
                assert number in (5, 6), file
                continue
            overrides, _ = cell_overrides(row, column, SOURCES)
            cfg = load_config(str(file), overrides)
            method = column.method or file.stem.split("_")[0]
            assert number == 6 or method == cfg.MODEL.CLIP.DENSE_ATTENTION
            assert bool(cfg.MODEL.PURIFICATION_HEAD.NAME) == ("freecp" in file.stem)


def overrides_of(number, row_key, benchmark, sources):
    """The file, overrides and notes of a row, in the column SCLIP if there is one."""
    for row, column in cells(number, [benchmark], ("sclip",)):
        if row.key == row_key:
            return config_name(row, column), *cell_overrides(row, column, sources)
    raise AssertionError(row_key)


def loaded(number, row_key):
    """The config of a row on Storybook."""
    file, overrides, _ = overrides_of(number, row_key, "storybook", {})
    return load_config(str(ROOT / file), overrides)


def test_settings_of_the_purification_head():
    for number, row, redundancy, ambiguity, oracle, order in (
        (1, "refine", False, False, False, "RP-AP"),
        (1, "refine_gt", False, False, True, "RP-AP"),
        (2, "sclip_freecp", True, True, False, "RP-AP"),
        (3, "rp", True, False, False, "RP-AP"),
        (3, "ap", False, True, False, "RP-AP"),
        (3, "ap_rp", True, True, False, "AP-RP"),
    ):
        head = loaded(number, row).MODEL.PURIFICATION_HEAD
        assert head.NAME == "ClassPurification"
        found = (head.REDUNDANCY.ENABLED, head.AMBIGUITY.ENABLED, head.ORACLE, head.ORDER)
        assert found == (redundancy, ambiguity, oracle, order), (number, row)
    for number, row in ((1, "baseline"), (2, "sclip"), (3, "baseline")):
        assert loaded(number, row).MODEL.PURIFICATION_HEAD.NAME == ""


def test_text_sources_on_storybook():
    """Its own descriptions replace Vicuna's; a base method alone reads none."""
    for row, words, descriptions in (
        ("baseline_template", "", "storybook"),
        ("baseline_vicuna", "storybook", "storybook"),
        ("template_template", "", ""),
        ("template_vicuna", "", "storybook"),
        ("vicuna_vicuna", "storybook", "storybook"),
    ):
        text = loaded(4, row).MODEL.TEXT
        assert (words, descriptions) == (text.WORD_DESCRIPTIONS, text.DESCRIPTIONS), row
    *_, (note,) = overrides_of(4, "vicuna_vicuna", "storybook", {})
    assert "Storybook's own descriptions" in note
    assert overrides_of(4, "vicuna_vicuna", "ade20k", SOURCES)[2] == []
    assert overrides_of(3, "rp_ap", "storybook", SOURCES)[1:] == ((), [])


def test_text_source_without_a_file():
    for row in ("gpt_gpt", "baseline_gpt", "template_gpt"):
        for benchmark, sources in (("storybook", {}), ("ade20k", {"vicuna": "x.json"})):
            with pytest.raises(ValueError, match=r"GPT-3.5.*--descriptions gpt=PATH"):
                overrides_of(4, row, benchmark, sources)


def test_rows_that_read_the_papers_descriptions():
    _, found, _ = overrides_of(3, "rp_ap", "voc21", {"vicuna": "texts/{benchmark}.json"})
    assert found == ("MODEL.TEXT.DESCRIPTIONS", "texts/voc21.json")
    for number, row in ((1, "baseline"), (1, "refine"), (2, "sclip"), (3, "rp")):
        assert "MODEL.TEXT.DESCRIPTIONS" not in overrides_of(number, row, "ade20k", SOURCES)[1]


def test_methods_select_rows_of_tab_2_and_columns_of_tab_4():
    rows = [row.key for row in table_rows(read_table(2), ("gem",))]
    assert rows == ["gem", "gem_freecp"]
    columns = table_columns(read_table(4), ["ade20k"], ("gem", "sclip"))
    assert [column.title for column in columns] == ["SCLIP", "GEM"]
    columns = table_columns(read_table(4), ["ade20k", "storybook"], ("sclip",))
    assert [column.title for column in columns] == ["ADE SCLIP", "Storybook SCLIP"]
    assert [column.key for column in columns] == ["sclip", ""], "Storybook has no paper's number"


def test_further_base_methods():
    """Every cell has a config; the published numbers are those of rows."""
    table, methods = read_table("bases"), tuple(METHODS)
    rows, columns = table_rows(table, methods), table_columns(table, table.benchmarks, methods)
    assert table.rows.keys() <= {row.key for row in rows}
    for row in rows:
        for column in columns:
            assert (ROOT / config_name(row, column)).is_file()
    for values in table.rows.values():
        *each, mean = values
        assert mean is None or abs(sum(each) / len(each) - mean) < 0.1

"""Rows and columns: their keys are the paper's, their overrides load."""

from collections import Counter

import pytest

from freecp_d2.apps.reproduce.paper import read_table
from freecp_d2.apps.reproduce.tables import (
    BENCHMARKS,
    METHODS,
    cell_overrides,
    config_name,
    table_columns,
    table_rows,
)
from freecp_d2.engine import load_config
from tests.helpers.command import ROOT

SOURCES = {"vicuna": "storybook", "gpt": "storybook"}
"""Any names of descriptions that can be read."""


def cells(number, benchmarks, methods=tuple(METHODS)):
    table = read_table(number)
    for row in table_rows(table, methods):
        for column in table_columns(table, benchmarks, methods):
            yield row, column


@pytest.mark.parametrize("number", range(1, 7))
def test_rows_and_columns_are_the_papers(number):
    table = read_table(number)
    assert [row.key for row in table_rows(table, tuple(METHODS))] == list(table.rows)
    columns = table_columns(table, table.benchmarks, tuple(METHODS))
    assert [column.key for column in columns] == [key for key in table.columns if key != "average"]


@pytest.mark.parametrize("benchmark", ["storybook", "ade20k"])
@pytest.mark.parametrize("number", range(1, 7))
def test_every_cell_loads(number, benchmark):
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


def loaded(number, row_key):
    """The config of a row on Storybook."""
    for row, column in cells(number, ["storybook"], ("sclip",)):
        if row.key == row_key:
            overrides, _ = cell_overrides(row, column, {})
            return load_config(str(ROOT / config_name(row, column)), overrides)
    raise AssertionError(row_key)


@pytest.mark.parametrize(
    ("number", "row", "redundancy", "ambiguity", "oracle", "order"),
    [
        (1, "refine", False, False, False, "RP-AP"),
        (1, "refine_gt", False, False, True, "RP-AP"),
        (2, "sclip_freecp", True, True, False, "RP-AP"),
        (3, "refine", False, False, False, "RP-AP"),
        (3, "rp", True, False, False, "RP-AP"),
        (3, "ap", False, True, False, "RP-AP"),
        (3, "ap_rp", True, True, False, "AP-RP"),
        (3, "rp_ap", True, True, False, "RP-AP"),
        (5, "clip", True, True, False, "RP-AP"),
    ],
)
def test_what_a_row_switches(number, row, redundancy, ambiguity, oracle, order):
    head = loaded(number, row).MODEL.PURIFICATION_HEAD
    assert head.NAME == "ClassPurification"
    found = (head.REDUNDANCY.ENABLED, head.AMBIGUITY.ENABLED, head.ORACLE, head.ORDER)
    assert found == (redundancy, ambiguity, oracle, order)


@pytest.mark.parametrize(("number", "row"), [(1, "baseline"), (2, "sclip"), (3, "baseline")])
def test_the_baseline_is_the_base_method_alone(number, row):
    assert loaded(number, row).MODEL.PURIFICATION_HEAD.NAME == ""


class TestTextSources:
    @pytest.mark.parametrize(
        ("row", "words", "descriptions"),
        [
            ("baseline_template", "", "storybook"),
            ("baseline_vicuna", "storybook", "storybook"),
            ("template_template", "", ""),
            ("template_vicuna", "", "storybook"),
            ("vicuna_vicuna", "storybook", "storybook"),
        ],
    )
    def test_on_storybook(self, row, words, descriptions):
        """Its own descriptions stand in for Vicuna's; a base method alone reads none."""
        text = loaded(4, row).MODEL.TEXT
        assert words == text.WORD_DESCRIPTIONS
        assert descriptions == text.DESCRIPTIONS

    def overrides(self, number, row_key, benchmark, sources):
        (found,) = (
            cell_overrides(row, column, sources)
            for row, column in cells(number, [benchmark], ("sclip",))
            if row.key == row_key
        )
        return found

    def test_the_stand_in_is_told(self):
        _, notes = self.overrides(4, "vicuna_vicuna", "storybook", {})
        assert notes == ["Storybook's own descriptions stand in for Vicuna's."]
        assert self.overrides(4, "vicuna_vicuna", "ade20k", SOURCES)[1] == []

    @pytest.mark.parametrize("row", ["gpt_gpt", "baseline_gpt", "template_gpt"])
    def test_without_a_file(self, row):
        with pytest.raises(ValueError, match=r"GPT-3.5.*--descriptions gpt=PATH"):
            self.overrides(4, row, "storybook", {})
        with pytest.raises(ValueError, match=r"--descriptions gpt=PATH"):
            self.overrides(4, row, "ade20k", {"vicuna": "x.json"})

    def test_the_benchmark_in_a_path(self):
        found, _ = self.overrides(3, "rp_ap", "voc21", {"vicuna": "texts/{benchmark}.json"})
        assert found == ("MODEL.TEXT.DESCRIPTIONS", "texts/voc21.json")

    @pytest.mark.parametrize(
        ("number", "row"), [(1, "baseline"), (1, "refine"), (2, "sclip"), (3, "rp")]
    )
    def test_rows_that_read_no_descriptions(self, number, row):
        found, _ = self.overrides(number, row, "ade20k", SOURCES)
        assert "MODEL.TEXT.DESCRIPTIONS" not in found

    def test_the_papers_are_not_forced_on_storybook(self):
        assert self.overrides(3, "rp_ap", "storybook", SOURCES) == ((), [])


class TestColumns:
    def test_methods_choose_rows_of_tab_2_and_columns_of_tab_4(self):
        rows = [row.key for row in table_rows(read_table(2), ("gem",))]
        assert rows == ["gem", "gem_freecp"]
        columns = table_columns(read_table(4), ["ade20k"], ("gem", "sclip"))
        assert [column.title for column in columns] == ["SCLIP", "GEM"]

    def test_titles_of_tab_4_on_several_benchmarks(self):
        columns = table_columns(read_table(4), ["ade20k", "storybook"], ("sclip",))
        assert [column.title for column in columns] == ["ADE SCLIP", "Storybook SCLIP"]
        assert [column.key for column in columns] == ["sclip", ""], "no number beside ours"

    @pytest.mark.parametrize("number", range(1, 7))
    def test_titles_differ(self, number):
        columns = table_columns(read_table(number), list(BENCHMARKS), tuple(METHODS))
        assert set(Counter(column.title for column in columns).values()) == {1}

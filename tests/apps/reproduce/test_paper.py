"""paper.yaml: its shape, sums that the paper prints itself, and its contradictions."""

import pytest

from freecp_d2.apps.reproduce.tables import AVERAGE, read_table

TABLES = [read_table(number) for number in range(1, 7)]
BASES = ("maskclip", "gem", "clearclip", "sclip")


def test_every_row_has_a_number_per_column():
    for table in TABLES:
        assert table.title
        for key, numbers in table.rows.items():
            assert len(numbers) == len(table.columns), key
        assert all(0 < number < 100 for numbers in table.rows.values() for number in numbers)
    assert [len(table.rows) for table in TABLES] == [3, 8, 6, 8, 4, 6]


def test_lookup():
    assert read_table(4).number_of("template_vicuna", "clearclip") == 18.9
    assert read_table(1).number_of("baseline", "voc20") is None
    assert read_table(1).number_of("rp", "voc21") is None
    # Contradictions of the paper are kept.
    assert [read_table(n).number_of("baseline", "voc21") for n in (1, 3)] == [59.4, 59.8]
    assert read_table(2).number_of("sclip", "voc21") == 59.1


def test_averages_are_those_of_the_rows():
    """Within rounding; SCLIP + FreeCP is 42.15 and printed as 42.1. Gains: Sec. 4.3."""
    table = read_table(2)
    for key, (*numbers, mean) in table.rows.items():
        assert sum(numbers) / 8 == pytest.approx(mean, abs=0.0501), key
    mean_of = {key: table.number_of(key, AVERAGE) for key in table.rows}
    gains = [mean_of[f"{base}_freecp"] - mean_of[base] for base in BASES]
    assert gains == pytest.approx([10.9, 3.7, 4.1, 3.9])


def test_the_whole_method_has_the_same_numbers_in_all_tables():
    two = read_table(2)
    for number, row in ((3, "rp_ap"), (5, "clip")):
        table = read_table(number)
        for benchmark in table.benchmarks:
            assert table.number_of(row, benchmark) == two.number_of("sclip_freecp", benchmark)
    for base in BASES:
        found = read_table(4).number_of("template_vicuna", base)
        assert found == two.number_of(f"{base}_freecp", "ade20k")

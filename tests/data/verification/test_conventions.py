"""Other readings of label values, and how histograms are compared."""

import numpy as np
import pytest

from freecp_d2.data import BENCHMARKS
from freecp_d2.data.labels import IGNORE_LABEL, ILLEGAL, NUM_VALUES, lookup_table
from freecp_d2.data.verification.class_shares import CLASS_SHARES, UNLABELLED_SHARES, Expectation
from freecp_d2.data.verification.conventions import count_classes, other_readings
from tests.helpers.share_trees import encode, train_ids

FOLDERS = [(row, folder) for row in BENCHMARKS.values() for folder in row.labels]


def test_shares_are_of_the_benchmarks_classes_and_at_most_all():
    for key, row in BENCHMARKS.items():
        assert CLASS_SHARES[key].keys() <= set(row.class_names)
        total = sum(CLASS_SHARES[key].values()) + UNLABELLED_SHARES[key]
        assert 50 < total < 101, key  # rounded to 0.1
        assert Expectation(row).shares.sum() == pytest.approx(1)


def test_classes_are_counted_with_unlabelled_and_illegal_ones_last():
    values = np.zeros(NUM_VALUES, np.int64)
    values[[0, 1, 150, 151, 40000]] = (7, 5, 3, 2, 1)
    counts = count_classes(lookup_table(BENCHMARKS["ade20k"].labels[0].encoding), values, 150)
    assert counts.shape == (152,)
    assert (counts[0], counts[149], counts[150], counts[151]) == (5, 3, 7, 3)
    assert counts.sum() == 18


def test_divergence_is_zero_for_the_expected_shares_and_grows():
    row = BENCHMARKS["voc21"]
    expected = Expectation(row)
    counts = np.zeros(23)
    counts[expected.listed] = expected.shares[:-3]
    counts[-2:] = expected.shares[-2:]
    assert expected.divergence(1e6 * counts) == pytest.approx(0, abs=1e-3)
    turned = np.append(np.roll(counts[:21], 1), counts[21:])
    assert expected.divergence(1e6 * turned) > 1
    assert expected.divergence(np.zeros(23)) == 0


def test_readings_differ_from_the_folders_own_and_from_each_other():
    for row, folder in FOLDERS:
        readings = other_readings(row, folder)
        tables = [lookup_table(folder.encoding), *(reading.table for reading in readings)]
        assert len({table.tobytes() for table in tables}) == len(tables), folder
        for reading in readings:
            assert set(np.unique(reading.table)) <= {ILLEGAL, IGNORE_LABEL, *range(row.num_classes)}
            assert reading.what
            assert reading.advice


def test_no_reading_is_closer_than_the_folders_own_on_correct_labels():
    for row, folder in FOLDERS:
        pixels = np.bincount(encode(folder, train_ids(row, 400)).ravel(), minlength=NUM_VALUES)
        expected = Expectation(row)
        tables = [lookup_table(folder.encoding)]
        tables += [reading.table for reading in other_readings(row, folder)]
        own, *others = (
            expected.divergence(count_classes(table, pixels, row.num_classes)) for table in tables
        )
        assert own < 0.05, folder
        assert min(others) >= own, folder

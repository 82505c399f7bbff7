"""Other readings of label values, and how histograms are compared."""

import numpy as np
import pytest

from freecp_d2.data import BENCHMARKS
from freecp_d2.data.labels import IGNORE_LABEL, ILLEGAL, NUM_VALUES, lookup_table
from freecp_d2.data.verification.class_shares import (
    CLASS_SHARES,
    UNLABELLED_SHARES,
    Expectation,
)
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


MEANINGS = [
    # benchmark, its folder, part of the name of a reading, value -> train id
    ("ade20k", 0, "reduced once too often", {0: 1, 148: 149, 149: -1, 254: 255, 255: 0}),
    ("ade20k", 2, "annotations/validation", {0: 255, 1: 0, 150: 149, 255: -1}),
    ("voc21", 0, "reduced once too often: background", {0: 1, 19: 20, 255: 0}),
    ("voc21", 0, "annotations_detectron2_bg", {20: 0, 0: 1, 19: 20, 255: 255}),
    ("context60", 0, "background as the last", {59: 0, 0: 1, 58: 59}),
    ("context60", 0, "459 categories", {2: 1, 458: 59, 1: 0, 459: 0, 460: -1}),
    ("context59", 0, "459 categories", {2: 0, 458: 58, 1: 255}),
    ("coco_object", 0, "keep 255", {0: 0, 80: 80, 255: 255, 81: -1}),
    ("coco_stuff", 0, "stuff before things instead", {0: 80, 90: 170, 91: 0, 170: 79}),
    ("coco_stuff", 0, "COCO-Stuff-10k", {0: 255, 1: 0, 90: 79, 91: -1, 182: 170}),
    ("cityscapes", 0, "_labelIds.png", {7: 0, 33: 18, 0: 255}),
]


def test_values_of_readings():
    for key, index, part, meaning in MEANINGS:
        row = BENCHMARKS[key]
        (reading,) = [r for r in other_readings(row, row.labels[index]) if part in r.what]
        assert {value: reading.table[value] for value in meaning} == meaning, part

"""Counts and shares of pixels."""

import numpy as np

from freecp_d2.visualization import legend as shares
from freecp_d2.visualization.legend import Share, class_counts, percent, visible_shares


def test_counts_by_hand():
    labels = np.array([[0, 0, 2], [-1, 2, 2]], dtype=np.int32)
    counts = class_counts(labels, 4)
    assert counts.tolist() == [1, 2, 0, 3, 0]
    assert visible_shares(counts) == [Share(2, 3 / 6), Share(0, 2 / 6), Share(-1, 1 / 6)]
    assert [s.label for s in visible_shares([4, 1, 1, 2])] == [2, 0, 1, -1]  # in class order


def test_blocks_change_nothing(monkeypatch):
    labels = np.random.default_rng(0).integers(-1, 9, (37, 23)).astype(np.int32)
    whole = class_counts(labels, 9)
    monkeypatch.setattr(shares, "_BLOCK", 50)
    assert np.array_equal(class_counts(labels, 9), whole)
    assert whole.sum() == labels.size


def test_percent():
    assert percent(0.0) == "0 %"
    assert percent(1e-9) == percent(0.004) == "<1 %"
    assert percent(0.007) == percent(0.01) == "1 %"
    assert (percent(0.5), percent(1.0)) == ("50 %", "100 %")

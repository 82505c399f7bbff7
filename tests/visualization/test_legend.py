"""Legends: counts and shares of pixels, entries, layout."""

import numpy as np

from freecp_d2.visualization import legend
from freecp_d2.visualization.legend import (
    Entry,
    Share,
    class_counts,
    draw_legend,
    legend_entries,
    percent,
    visible_shares,
)

NAMES = [f"word {k}" for k in range(100)]
COLORS = [(k, 2 * k, 255 - k) for k in range(100)]


def test_counts_by_hand():
    labels = np.array([[0, 0, 2], [-1, 2, 2]], dtype=np.int32)
    counts = class_counts(labels, 4)
    assert counts.tolist() == [1, 2, 0, 3, 0]
    assert visible_shares(counts) == [Share(2, 3 / 6), Share(0, 2 / 6), Share(-1, 1 / 6)]
    assert [s.label for s in visible_shares([4, 1, 1, 2])] == [2, 0, 1, -1]  # in class order


def test_blocks_change_no_counts(monkeypatch):
    labels = np.random.default_rng(0).integers(-1, 9, (37, 23)).astype(np.int32)
    whole = class_counts(labels, 9)
    monkeypatch.setattr(legend, "_BLOCK", 50)
    assert np.array_equal(class_counts(labels, 9), whole)
    assert whole.sum() == labels.size


def test_percent():
    assert percent(0.0) == "0 %"
    assert percent(1e-9) == percent(0.004) == "<1 %"
    assert percent(0.007) == percent(0.01) == "1 %"
    assert (percent(0.5), percent(1.0)) == ("50 %", "100 %")


def test_entries():
    assert legend_entries([Share(3, 0.7), Share(-1, 0.3)], NAMES, COLORS) == [
        Entry((3, 6, 252), "word 3", "70 %"),
        Entry((128, 128, 128), "(no word)", "30 %"),
    ]
    found = legend_entries([Share(k, 0.01) for k in range(100)], NAMES, COLORS, most=24)
    assert len(found) == 24
    assert found[-1] == Entry(None, "and 77 more", "77 %")


def test_entries_stay_inside():
    entries = [Entry((255, 0, 0), name * 9, "50 %") for name in ("a", "\N{CAT FACE} ", "long ")]
    for width in (200, 480, 2048):
        for size in (9, 15, 40):
            panel = np.asarray(draw_legend(entries, width, size))
            assert panel.shape[1] == width
            edges = [panel[:, :2].ravel(), panel[:, -2:].ravel(), panel[:2].ravel()]
            assert (np.concatenate(edges) == 255).all()
            assert (panel == (255, 0, 0)).all(axis=2).any()


def test_more_entries_take_more_lines():
    few, many = ([Entry((0, 0, 0), "word", "1 %")] * n for n in (2, 40))
    assert draw_legend(many, 300, 15).height > draw_legend(few, 300, 15).height

"""Legends: entries and layout."""

import numpy as np

from freecp_d2.visualization.legend import Entry, Share, draw_legend, legend_entries

NAMES = [f"word {k}" for k in range(100)]
COLORS = [(k, 2 * k, 255 - k) for k in range(100)]


def test_entries():
    found = legend_entries([Share(3, 0.7), Share(-1, 0.3)], NAMES, COLORS)
    assert found == [
        Entry((3, 6, 252), "word 3", "70 %"),
        Entry((128, 128, 128), "(no word)", "30 %"),
    ]


def test_further_classes_are_counted():
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
    assert draw_legend([], 300, 15).width == 300

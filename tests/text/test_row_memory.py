"""Rows are computed once, as long as there is room."""

import torch

from freecp_d2.text.row_memory import RowMemory


class Rows:
    """Row i is (i, i), and what was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, places):
        self.asked.append(list(places))
        return torch.tensor([[float(i), float(i)] for i in places])


def test_only_new_rows_are_computed():
    memory, rows = RowMemory(), Rows()
    found = memory.get_or_compute(["a", "b", "a"], rows)
    assert found[:, 0].tolist() == [0, 1, 0]
    found = memory.get_or_compute(["b", "c", "a"], rows)
    assert found[:, 0].tolist() == [1, 1, 0], "c is new, at place 1"
    memory.get_or_compute(["c", "b"], rows)
    assert rows.asked == [[0, 1], [1]]


def test_a_full_memory_forgets_what_was_not_used_longest():
    memory, rows = RowMemory(capacity=2), Rows()
    memory.get_or_compute(["a", "b"], rows)
    memory.get_or_compute(["a"], rows)
    memory.get_or_compute(["c"], rows)
    rows.asked.clear()
    memory.get_or_compute(["a", "c"], rows)
    assert rows.asked == []
    memory.get_or_compute(["b"], rows)
    assert rows.asked == [[0]]


def test_more_rows_than_there_is_room_for():
    found = RowMemory(capacity=1).get_or_compute(["a", "b", "c"], Rows())
    assert found[:, 0].tolist() == [0, 1, 2]


def test_rows_do_not_change_with_what_was_computed():
    memory, computed = RowMemory(), torch.ones(1, 2)
    memory.get_or_compute(["a"], lambda places: computed)
    computed.zero_()
    assert memory.get_or_compute(["a"], Rows()).tolist() == [[1, 1]]

"""Decisions on patches, applied to pixels: by hand."""

import torch

from freecp_d2.method import AmbiguityGroups, RegionBoxes, no_groups
from freecp_d2.modeling.purification.build import PurificationOutput
from freecp_d2.modeling.purification.gating import gate_scores, gates, stitch_gates
from freecp_d2.modeling.windows import Window

GRID = (4, 4)


def purified(keep, maps=None, **parts):
    """One window; a group of classes 0 and 1 whose box `won` has a winner."""
    keep = torch.tensor([keep])
    maps = torch.ones(1, keep.shape[1], *GRID) if maps is None else maps
    groups = no_groups(keep.shape[1])
    found = PurificationOutput(maps, keep, torch.zeros(keep.shape), groups)
    if "box" in parts:
        found.groups = AmbiguityGroups(torch.tensor([0]), torch.tensor([[True, True, False]]))
        found.region_boxes = RegionBoxes(torch.tensor([0]), torch.tensor([parts["box"]]))
        found.winners = torch.tensor([parts["winner"]])
    return found


class TestGates:
    def test_a_dropped_class_may_nowhere(self):
        found = gates(purified([True, False, True]))[0]
        assert found.flatten(1).all(dim=1).tolist() == [True, False, True]
        assert not found[1].any()

    def test_a_loser_may_everywhere_but_in_its_box(self):
        found = gates(purified([True, True, True], box=[1, 0, 3, 2], winner=1))[0]
        expected = torch.ones(GRID, dtype=torch.bool)
        expected[0:2, 1:3] = False
        assert torch.equal(found[0], expected)
        assert found[1].all()
        assert found[2].all(), "no member of the group"

    def test_zeros_of_refinement_shut_nothing(self):
        """Refined maps are 0 at their minimum, which is no decision."""
        maps = torch.zeros(1, 3, *GRID)
        found = gates(purified([True, True, True], maps, box=[0, 0, 2, 2], winner=0))[0]
        assert found[1, 3, 3]
        assert gates(purified([True, True, True], maps))[0].all()

    def test_by_window_a_loser_is_gone(self):
        maps = torch.ones(1, 3, *GRID)
        maps[0, 0] = 0
        found = purified([True, True, True], maps, box=[1, 0, 3, 2], winner=1)
        found.elimination = "window"
        opened = gates(found)[0].flatten(1)
        assert opened.any(dim=1).tolist() == [False, True, True]
        assert opened[1].all()

    def test_by_window_who_won_elsewhere_stays(self):
        found = purified([True, True, True], box=[1, 0, 3, 2], winner=1)
        found.elimination = "window"
        assert gates(found).all()


class TestStitching:
    WINDOWS = [Window(0, 0, 0, 16, 16), Window(0, 0, 8, 16, 24), Window(0, 0, 16, 16, 32)]

    def test_the_majority_where_they_overlap(self):
        for votes, expected in [
            ([True, False, False], [True, True, False, False]),  # a half is enough
            ([False, False, True], [False, False, True, True]),
            ([False, True, False], [False, True, True, False]),
        ]:
            gate = [torch.full((1, 2, 2), vote) for vote in votes]
            found = stitch_gates(list(zip(self.WINDOWS, gate, strict=True)), (2, 4), 8)
            assert found[0].tolist() == [expected] * 2


def pixels(*values):
    """Scores (K, 1, 1) of one pixel."""
    return torch.tensor(values).view(-1, 1, 1)


def shut(*classes, num_classes=3):
    gate = torch.ones(num_classes, 1, 1, dtype=torch.bool)
    gate[list(classes)] = False
    return gate


class TestScores:
    def test_an_open_gate_gives_the_scores_themselves(self):
        scores = torch.rand(3, 5, 7)
        assert gate_scores(scores, torch.ones(3, 2, 2, dtype=torch.bool)) is scores

    def test_one_pixel(self):
        for values, removed, max_removed, expected in [
            ([0.5, 0.25, 0.25], [0], 0.99, [0, 0.25, 0.25]),
            ([1.0, 0.0, 0.0], [0], 0.99, [1, 0, 0]),  # where no class is left, all stay
            ([0.5, 0.5, 0.0], [0, 1], 0.99, [0.5, 0.5, 0]),
            ([0.75, 0.25, 0.0], [0], 0.74, [0.75, 0.25, 0]),
            ([0.75, 0.25, 0.0], [0], 0.75, [0, 0.25, 0]),
            ([3.0, 1.0, 0.0], [0], 0.75, [0, 1, 0]),  # the share counts, not the sum
        ]:
            scores = pixels(*values)
            found = gate_scores(scores, shut(*removed), max_removed=max_removed)
            assert found.flatten().tolist() == expected
            assert scores.flatten().tolist() == values, "the model's own tensor is left alone"

    def test_a_pixel_obeys_the_patch_it_lies_in(self):
        scores = torch.full((2, 4, 6), 0.5)
        gate = torch.ones(2, 2, 2, dtype=torch.bool)
        gate[0, 0, 1] = False
        expected = torch.full((4, 6), 0.5)
        expected[:2, 3:] = 0
        found = gate_scores(scores, gate)
        assert torch.equal(found[0], expected)
        assert torch.equal(found[1], scores[1])

from itertools import product

import pytest
import torch

from freecp_d2.method import elect_winners, eliminate_in_region, eliminate_in_window

from .helpers import draw, groups_of, rand, region_of

# elect_winners

CLASSES = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 0.0]]


def test_the_nearest_candidate_wins_by_direction():
    for crop, candidates, winner in (
        ((3.0, 0.1), [0, 1, 2, 3], 0),
        ((3.0, 0.1), [1, 2, 3], 2),  # the best class is not in the group
        ((3.0, 0.1), [1, 3], 1),
        ((3.0, 0.1), [3], 3),  # the worst of all, but alone
        ((-1.0, 0.1), [0, 2], 2),  # all candidates point away
        ((2.0, 2.1), [0, 1, 2], 2),
        ((2.0, 2.1), [0, 1], 1),
    ):
        allowed = torch.zeros(1, 4, dtype=torch.bool)
        allowed[0, candidates] = True
        for length, class_lengths in product((0.01, 50.0), ([1, 1, 1, 1], [9, 0.1, 40, 3])):
            class_features = torch.tensor(CLASSES) * torch.tensor(class_lengths)[:, None]
            winners = elect_winners(torch.tensor([crop]) * length, class_features, allowed)
            assert winners.tolist() == [winner]


def test_features_of_another_size_raise():
    with pytest.raises(ValueError, match="of size 3, classes of size 2"):
        elect_winners(rand(1, 3), torch.tensor(CLASSES), torch.ones(1, 4, dtype=torch.bool))


# eliminate_in_region

# Two boxes of one group that share the middle patches, on a grid of 3 x 5.
OVERLAPPING = region_of((0, 0, 0, 3, 2), (0, 2, 1, 4, 3))


def test_losers_become_zero_inside_the_region():
    row = "#####"
    everywhere = [row] * 3
    for region, winners, *expected in (
        # Two winners: each keeps its own box, both keep the overlap.
        (OVERLAPPING, [0, 2], ["#####", "###.#", "##..#"], ["...##", "..###", "#####"]),
        # One winner: the loser keeps what no box covers.
        (OVERLAPPING, [2, 2], ["...##", "....#", "##..#"], everywhere),
        # One patch; all patches.
        (region_of((0, 1, 1, 2, 2)), [0], everywhere, ["#####", "#.###", "#####"]),
        (region_of((0, 0, 0, 5, 3)), [0], everywhere, [".....", ".....", "....."]),
        # Boxes without area, one of two without area, no region at all.
        (region_of((0, 4, 0, 4, 3), (0, 1, 2, 3, 2)), [0, 2], everywhere, everywhere),
        (region_of((0, 4, 0, 4, 3), (0, 0, 0, 5, 1)), [0, 2], [".....", row, row], everywhere),
        (region_of(), [], everywhere, everywhere),
    ):
        refined = rand(1, 4, 3, 5) + 0.1
        allowed = torch.ones(4, 3, 5)
        allowed[[0, 2]] = torch.stack([draw(*rows) for rows in expected])
        result = eliminate_in_region(
            refined, groups_of(4, (0, {0, 2})), region, torch.tensor(winners, dtype=torch.long)
        )
        assert torch.equal(result, refined * allowed)  # classes 1 and 3 are in no group


def test_regions_groups_and_windows_do_not_mix():
    refined = rand(3, 4, 2, 4) + 0.1
    groups = groups_of(4, (0, {0, 1}), (0, {2, 3}), (2, {1, 3}))
    region = region_of((0, 0, 0, 2, 2), (1, 1, 0, 3, 1), (2, 3, 1, 4, 2))
    result = eliminate_in_region(refined, groups, region, torch.tensor([1, 2, 3]))
    allowed = torch.ones_like(refined)
    allowed[0, 0] = draw("..##", "..##")
    allowed[0, 3] = draw("#..#", "####")
    allowed[2, 1] = draw("####", "###.")
    assert torch.equal(result, refined * allowed)
    shuffled = region_of((2, 3, 1, 4, 2), (0, 0, 0, 2, 2), (1, 1, 0, 3, 1))
    again = eliminate_in_region(refined, groups, shuffled, torch.tensor([3, 1, 2]))
    assert torch.equal(again, result), "the order of the boxes does not matter"


# eliminate_in_window


def test_a_class_that_wins_no_region_is_zero_in_the_window():
    for winners, undecided, leave in (
        # Boxes 0 and 1 belong to the group {0, 1, 2} of window 0, box 2 to {1, 3} of window 1.
        ([0, 0, 3], [False, False], [(0, 1), (0, 2), (1, 1)]),
        ([0, 2, 3], [False, False], [(0, 1), (1, 1)]),  # each of two winners keeps its whole map
        ([2, 1, 1], [False, False], [(0, 0), (1, 3)]),
        ([0, 0, 3], [True, False], [(1, 1)]),  # undecided: all stay, whoever won
        ([0, 0, 3], [False, True], [(0, 1), (0, 2)]),
        ([0, 0, 3], [True, True], []),
    ):
        refined = rand(2, 4, 2, 5) + 0.1
        groups = groups_of(4, (0, {0, 1, 2}), (1, {1, 3}))
        region = region_of((0, 0, 0, 2, 1), (0, 2, 0, 4, 2), (1, 1, 1, 3, 2))
        result = eliminate_in_window(
            refined, groups, region, torch.tensor(winners), torch.tensor(undecided)
        )
        expected = refined.clone()
        for window, class_index in leave:
            expected[window, class_index] = 0
        assert torch.equal(result, expected)


def test_a_group_without_regions():
    for undecided, remaining in ((False, [1, 0, 0]), (True, [1, 1, 1])):
        result = eliminate_in_window(
            torch.ones(1, 3, 1, 2),
            groups_of(3, (0, {1, 2})),
            region_of(),
            torch.zeros(0, dtype=torch.long),
            torch.tensor([undecided]),
        )
        assert result.amax(dim=(2, 3)).tolist() == [remaining]


def test_a_winner_outside_the_group_raises():
    maps, groups, region = torch.ones(1, 3, 2, 4), groups_of(3, (0, {0, 1})), [(0, 0, 0, 3, 1)]
    with pytest.raises(ValueError, match="not in its group"):
        eliminate_in_region(maps, groups, region_of(*region), torch.tensor([2]))

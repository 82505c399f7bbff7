import torch

from freecp_d2.method import ambiguity_groups, connected_components

from .helpers import components_by_dfs, draw, group_sets, rand

# Steps of two along a line: the soft IoU of neighbours is 4 / 8, of the next but one 2 / 10.
STEPS = ["######....", "..######..", "....######"]
TWINS = ["##........", "......##..", "##........", "......##..", "####......"]


def grouped(windows, thresh, keep=None):
    """Groups of windows whose classes are drawn as rows of text."""
    refined = torch.stack([torch.stack([draw(row) for row in classes]) for classes in windows])
    if keep is None:
        keep = [[True] * refined.shape[1]] * refined.shape[0]
    return group_sets(ambiguity_groups(refined, torch.tensor(keep), thresh))


def test_groups_are_components_of_two_or_more():
    for classes, thresh, expected in (
        (STEPS, 0.5, [[0, 1, 2]]),  # the ends are linked through the middle; equality links
        (STEPS, 0.501, []),
        (STEPS, 0.2, [[0, 1, 2]]),
        ([STEPS[0], STEPS[2]], 0.5, []),  # without the middle the ends are strangers
        ([STEPS[0], STEPS[2]], 0.2, [[0, 1]]),
        (TWINS, 1.0, [[0, 2], [1, 3]]),  # the subset 4 is not identical: a singleton is no group
        (TWINS, 0.5, [[0, 2, 4], [1, 3]]),
        (TWINS, 0.0, [[0, 1, 2, 3, 4]]),
        ([".....", "....."], 0.1, []),  # two empty maps coincide with nothing
        (["#####"], 0.0, []),  # a vocabulary of one word
    ):
        assert grouped([classes], thresh) == [(0, members) for members in expected]


def test_a_dropped_class_is_in_no_group():
    for keep, expected in (
        ([True, True, True], [[0, 1, 2]]),
        ([True, False, True], []),  # the dropped middle links nobody, though its map is not empty
        ([False, True, True], [[1, 2]]),
        ([True, True, False], [[0, 1]]),
        ([False, False, True], []),
        ([False, False, False], []),
    ):
        assert grouped([STEPS], 0.5, [keep]) == [(0, members) for members in expected]


def test_windows_differ_in_survivors_and_are_never_linked():
    windows = [["##", ".#", "##", ".#"]] * 4
    keep = [
        [False, True, False, True],
        [True, False, False, False],
        [True, True, True, True],
        [False, False, False, False],
    ]
    expected = [(0, [1, 3]), (2, [0, 2]), (2, [1, 3])]  # by window, then by first member
    assert grouped(windows, 1.0, keep) == expected


def test_components_of_random_graphs_are_those_of_a_depth_first_search():
    for num_nodes in (2, 5, 12, 40):
        for mean_degree in (0.5, 1.0, 2.0):
            edges = rand(30, num_nodes, num_nodes, seed=num_nodes) < mean_degree / num_nodes
            edges = edges.triu(1)
            linked = edges | edges.transpose(1, 2)
            expected = [components_by_dfs(graph) for graph in linked.tolist()]
            for graph in (linked, linked | torch.eye(num_nodes, dtype=torch.bool)):
                label = connected_components(graph)
                assert label.dtype == torch.int64
                assert label.tolist() == expected

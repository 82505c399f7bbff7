import torch

from freecp_d2.method import transition_matrix

SWAP = [[0.0, 1.0], [1.0, 0.0]]
CYCLE = [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]


def test_matrices_that_balance_exactly():
    for affinity, num_squarings, expected in (
        (torch.eye(4), 0, torch.eye(4)),
        (torch.eye(4), 2, torch.eye(4)),
        # A permutation is balanced; two steps of a swap return to the start.
        (torch.tensor(SWAP), 0, torch.tensor(SWAP)),
        (torch.tensor(SWAP), 1, torch.eye(2)),
        # The average of a cycle and its reverse, and two steps of that walk.
        (torch.tensor(CYCLE), 0, (1 - torch.eye(3)) / 2),
        (torch.tensor(CYCLE), 1, torch.eye(3) / 4 + 1 / 4),
        (torch.tensor(CYCLE), 2, torch.eye(3) / 16 + 5 / 16),
        # No preference stays none, and rank one is balanced away.
        (torch.ones(5, 5), 0, torch.full((5, 5), 1 / 5)),
        (torch.ones(5, 5), 3, torch.full((5, 5), 1 / 5)),
        (
            torch.outer(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])),
            0,
            torch.full((2, 2), 0.5),
        ),
        # Two blocks never mix.
        (
            torch.block_diag(torch.ones(2, 2), 7 * torch.ones(3, 3)),
            1,
            torch.block_diag(torch.full((2, 2), 1 / 2), torch.full((3, 3), 1 / 3)),
        ),
    ):
        transition = transition_matrix(affinity[None], num_squarings=num_squarings)
        torch.testing.assert_close(transition[0], expected)


def test_sinkhorn_steps_by_hand():
    affinity = torch.tensor([[[1.0, 1.0], [3.0, 1.0]]])
    transition = transition_matrix(affinity, num_sinkhorn_steps=0, num_squarings=0)
    assert transition.tolist() == [[[1, 2], [2, 1]]]
    for num_squarings, expected in (
        # Columns sum to 4 and 2: [[1/4, 1/2], [3/4, 1/2]]. Rows of that sum to 3/4 and 5/4:
        # [[1/3, 2/3], [3/5, 2/5]]. Rows come last: they sum to one, the columns no longer do.
        (0, [[1 / 3, 19 / 30], [19 / 30, 2 / 5]]),
        (1, [[461 / 900, 209 / 450], [209 / 450, 505 / 900]]),
    ):
        transition = transition_matrix(affinity, num_sinkhorn_steps=1, num_squarings=num_squarings)
        torch.testing.assert_close(transition, torch.tensor([expected]))

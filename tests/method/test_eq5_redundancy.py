import pytest
import torch

from freecp_d2.method import drop_redundant, redundancy_scores

from .helpers import draw, rand


def test_a_map_that_changes_more_scores_less():
    before = torch.stack([draw("##.."), draw("##.."), draw("##.."), draw("##.."), draw("....")])
    after = torch.stack([draw("##.."), draw(".##."), draw("..##"), draw("...."), draw("##..")])
    scores = redundancy_scores(before[None], after[None])
    # Same place: 2 / 4. One of two patches left: 1 / 4. Elsewhere, vanished, from nothing: 0.
    torch.testing.assert_close(scores, torch.tensor([[0.5, 0.25, 0.0, 0.0, 0.0]]))


def test_two_by_two_by_hand():
    cam, refined = draw("42", "22"), draw("#5", "..")
    scores = redundancy_scores(cam[None, None], refined[None, None])
    # (0.4 + 0.1) / (1 + 1.5); the activation's own strength counts, not only its shape
    assert scores.item() == pytest.approx(0.2, abs=1e-7)


def test_scores_are_per_class_and_window():
    cam, refined = rand(2, 4, 3, 5), rand(2, 4, 3, 5, seed=1)
    scores, order = redundancy_scores(cam, refined), [2, 0, 3, 1]
    assert scores.shape == (2, 4)
    permuted = redundancy_scores(cam[:, order].flip(0), refined[:, order].flip(0))
    torch.testing.assert_close(permuted, scores[:, order].flip(0))


def test_a_class_is_kept_where_its_score_is_strictly_greater():
    for thresh, expected in (
        # The scores are exact in binary: the threshold itself is dropped.
        (0.0, [[True, True, True], [True, False, True]]),
        (0.125, [[False, True, True], [True, False, True]]),
        (0.25, [[False, False, True], [True, False, False]]),
        (0.375, [[False, False, True], [False, False, False]]),
        (0.5, [[False, False, False], [False, False, False]]),
    ):
        scores = torch.tensor([[0.125, 0.25, 0.5], [0.375, 0.0, 0.25]])
        refined = rand(2, 3, 4, 5) + 0.1
        before = refined.clone()
        maps, keep = drop_redundant(refined, scores, thresh)
        assert keep.dtype == torch.bool
        assert keep.tolist() == expected
        assert torch.equal(maps[keep], before[keep])  # bit by bit
        assert torch.equal(maps[~keep], torch.zeros_like(maps[~keep]))
        assert torch.equal(refined, before)  # the input is left alone

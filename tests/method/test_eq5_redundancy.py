import torch

from freecp_d2.method import drop_redundant, redundancy_scores

from .helpers import draw, rand


def test_a_map_that_changes_more_scores_less():
    before = torch.stack([draw("##.."), draw("##.."), draw("##.."), draw("##.."), draw("....")])
    after = torch.stack([draw("##.."), draw(".##."), draw("..##"), draw("...."), draw("##..")])
    scores = redundancy_scores(before[None], after[None])
    # Same place: 2 / 4. One of two patches left: 1 / 4. Elsewhere, vanished, from nothing: 0.
    torch.testing.assert_close(scores, torch.tensor([[0.5, 0.25, 0.0, 0.0, 0.0]]))


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

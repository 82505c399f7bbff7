"""Automatic thresholds by hand, at their limits, and against slow references."""

import math

import pytest
import torch

from freecp_d2.method import (
    automatic_ambiguity_thresh,
    automatic_redundancy_thresh,
    compare_survivors,
    connected_components,
    pairwise_soft_iou,
)

FLOOR = 1e-4
A_THING = 0.8
STEP = 1 / 1024


def tau_r(*scores):
    return automatic_redundancy_thresh(torch.tensor([scores])).item()


class TestRedundancyByHand:
    def test_a_window(self):
        for scores, expected in (
            # Two far groups: the geometric mean of the neighbours.
            ((0.4, 0.2, 0.004, 0.002), math.sqrt(0.2 * 0.004)),
            ((0.002, 0.4, 0.004, 0.2), math.sqrt(0.2 * 0.004)),
            # A word without a region has a score of 0, which counts as the floor.
            ((0.4, 0.0, 0.0, 0.0), math.sqrt(0.4 * FLOOR)),
            ((0.4, 1e-7, 0.0, 1e-5), math.sqrt(0.4 * FLOOR)),
            # Never more than a tenth of the best.
            ((0.4, 0.3, 0.2, 0.03, 0.03), 0.04),
            ((0.5, 0.1), 0.05),
            # One word, equal words: nothing falls apart.
            ((0.3,), 0.03),
            ((0.2, 0.2, 0.2), 0.02),
            ((0.0,), 0.0),
            ((0.0, 0.0, 0.0), 0.0),
        ):
            assert tau_r(*scores) == pytest.approx(expected, rel=1e-5)


class TestRedundancyInGeneral:
    @pytest.fixture
    def scores(self):
        generator = torch.Generator().manual_seed(0)
        return torch.rand(6, 300, generator=generator).pow(8) * 0.5

    def test_order_of_words_and_other_windows_do_not_matter(self, scores):
        order = torch.randperm(300, generator=torch.Generator().manual_seed(1))
        alone = torch.cat([automatic_redundancy_thresh(row[None, order]) for row in scores])
        torch.testing.assert_close(automatic_redundancy_thresh(scores), alone)

    def test_only_the_given_words_count(self, scores):
        among = torch.rand(6, 300, generator=torch.Generator().manual_seed(2)) > 0.5
        alone = [
            automatic_redundancy_thresh(row[chosen][None])
            for row, chosen in zip(scores, among, strict=True)
        ]
        found = automatic_redundancy_thresh(scores, among)
        torch.testing.assert_close(found, torch.cat(alone))
        assert (automatic_redundancy_thresh(scores, torch.zeros(6, 300).bool()) == 0).all()

    def test_the_cut_has_the_least_variance(self, scores):
        levels = scores[0].clamp(min=FLOOR).double().log().sort()[0]

        def within(i):
            return sum(
                float(((part - part.mean()) ** 2).sum()) for part in levels.split([i, 300 - i])
            )

        best = min(range(1, 300), key=within)
        expected = min(
            float(levels[best - 1 : best + 1].mean().exp()), 0.1 * float(scores[0].max())
        )
        assert automatic_redundancy_thresh(scores)[0].item() == pytest.approx(expected, rel=1e-4)


def tau_a(overlap, scores, is_survivor=None):
    overlap, scores = torch.tensor([overlap]), torch.tensor([scores])
    survivors = torch.ones_like(scores).bool() if is_survivor is None else is_survivor
    return automatic_ambiguity_thresh(overlap, survivors, scores).item()


TRIO = [[1.0, 0.9, 0.2], [0.9, 1.0, 0.3], [0.2, 0.3, 1.0]]


class TestAmbiguityByHand:
    def test_each_group_names_a_thing(self):
        for scores, expected, groups in (
            ((0.05, 0.05, 0.05), STEP, [3]),  # not a thing between them
            ((0.3, 0.3, 0.3), 0.3, [3]),  # the pair is more than one, the third is not
            ((0.45, 0.45, 0.05), 0.3, [3]),
            ((0.45, 0.05, 0.45), 0.9, [2]),  # the second joins the first, the third stands alone
            ((0.25, 0.25, 0.45), 0.9, [2]),
            ((0.45, 0.45, 0.45), 1.0, []),  # each is one
        ):
            found = tau_a(TRIO, scores)
            assert expected - STEP <= found <= expected
            linked = torch.tensor([TRIO]) >= found
            sizes = connected_components(linked)[0].bincount().tolist()
            assert [size for size in sizes if size > 1] == groups

    def test_absent_words_make_no_groups_of_their_own(self):
        def at(k):  # each like one of two things, and like the other by 0.2
            side = torch.arange(k + 2) % 2
            overlap = torch.where(side[:, None] == side, 0.6, 0.2).fill_diagonal_(1.0)
            return tau_a(overlap.tolist(), [0.45, 0.45, *[0.1 / k] * k])

        assert at(10) == at(20) == at(40)
        assert 0.6 - STEP <= at(10) <= 0.6

    def test_disjoint_words_are_never_linked_and_limits_are_open(self):
        assert 0 < tau_a([[1.0, 0.0], [0.0, 1.0]], [0.2, 0.2]) <= STEP
        for score in (0.0, 0.3, 0.5):
            assert 0 < tau_a([[1.0]], [score]) < 1
        nobody = torch.zeros(2, 3).bool()
        found = automatic_ambiguity_thresh(torch.ones(2, 3, 3), nobody, torch.rand(2, 3))
        assert ((found > 0) & (found < 1)).all()


class TestAmbiguityInGeneral:
    @pytest.fixture
    def window(self):
        """Three windows of 120 words on a grid of 6 x 6; some of them are kept."""
        generator = torch.Generator().manual_seed(0)
        maps = torch.rand(3, 120, 6, 6, generator=generator).pow(4)
        scores = torch.rand(3, 120, generator=generator).pow(6) * 0.5
        return maps, scores > 0.01, scores

    def find(self, maps, keep, scores):
        found = compare_survivors(maps, keep)
        return automatic_ambiguity_thresh(
            found.overlap, found.is_survivor, scores.gather(1, found.classes)
        )

    def least(self, maps, keep, scores, thresh):
        """Of the groups and words without a partner of each window, the least number of things."""
        found = []
        for refined, kept, score, tau in zip(maps, keep, scores, thresh, strict=True):
            group = connected_components(pairwise_soft_iou(refined[None, kept]) >= tau)[0]
            things = torch.zeros(len(group)).index_add(0, group, 2 * score[kept])
            found.append(things[group.unique()].min())
        return torch.stack(found)

    def test_it_is_the_largest_threshold_that_leaves_no_smaller_group(self, window):
        thresh = self.find(*window)
        assert (thresh > STEP).all()
        assert (self.least(*window, thresh) >= A_THING).all()
        assert (self.least(*window, thresh + STEP) < A_THING).all()

    def test_order_of_words_and_other_windows_do_not_matter(self, window):
        order = torch.randperm(120, generator=torch.Generator().manual_seed(1))
        alone = [self.find(*(part[n : n + 1, order] for part in window)) for n in range(3)]
        torch.testing.assert_close(self.find(*window), torch.cat(alone))

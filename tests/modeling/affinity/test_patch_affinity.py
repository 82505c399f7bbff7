"""Affinity by features and by masks, on patches whose answer is known."""

import pytest
import torch

from freecp_d2.method import transition_matrix
from freecp_d2.modeling.affinity.patch_affinity import MIN_AFFINITY, cosine_affinity, mask_affinity
from tests.helpers.random_towers import rand_normal


class TestCosine:
    def test_by_hand(self):
        """Patches that point right, right, up, and to the upper right."""
        features = torch.tensor([[[1.0, 2.0, 0.0, 1.0]], [[0.0, 0.0, 3.0, 1.0]]])[None]
        half = 0.5**0.5
        expected = [[1, 1, 0, half], [1, 1, 0, half], [0, 0, 1, half], [half, half, half, 1]]
        expected = torch.tensor(expected).clamp(min=MIN_AFFINITY)
        torch.testing.assert_close(cosine_affinity(features)[0], expected)
        squared = expected.square().clamp(min=MIN_AFFINITY)
        torch.testing.assert_close(cosine_affinity(features, power=2.0)[0], squared)

    def test_opposites_have_nothing_to_do_with_each_other(self):
        features = torch.tensor([1.0, -1.0]).view(1, 1, 1, 2)
        expected = torch.tensor([[[1.0, MIN_AFFINITY], [MIN_AFFINITY, 1.0]]])
        torch.testing.assert_close(cosine_affinity(features), expected)

    def test_symmetric_and_positive(self):
        found = cosine_affinity(rand_normal(2, 7, 4, 5))
        assert found.shape == (2, 20, 20)
        torch.testing.assert_close(found, found.mT)
        torch.testing.assert_close(found.diagonal(dim1=1, dim2=2), torch.ones(2, 20))
        assert found.min() >= MIN_AFFINITY

    @pytest.mark.parametrize("features", [torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)])
    def test_a_constant_is_uniform_even_if_it_is_zero(self, features):
        transition = transition_matrix(cosine_affinity(features))
        torch.testing.assert_close(transition, torch.full((1, 4, 4), 0.25))

    def test_of_half_precision(self):
        assert cosine_affinity(rand_normal(1, 3, 2, 2).bfloat16()).dtype is torch.float32


class TestMasks:
    def test_by_hand(self):
        """Two masks of scores 1 and 0.5 share no patch; the last patch is in neither."""
        masks = torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]).view(1, 2, 1, 4)
        expected = torch.tensor(
            [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0.5 + 0.5, 0], [0, 0, 0, 1.0]]
        )  # the third: 0.5 by its mask, and 0.5 that is in no mask
        torch.testing.assert_close(mask_affinity(masks, torch.tensor([[1, 0.5]]))[0], expected)

    def test_without_masks_every_patch_is_alone(self):
        found = mask_affinity(torch.zeros(2, 0, 2, 3), torch.zeros(2, 0))
        torch.testing.assert_close(found, torch.eye(6).expand(2, 6, 6))

    def test_one_mask_of_all_is_uniform(self):
        found = mask_affinity(torch.ones(1, 1, 2, 3), torch.ones(1, 1))
        torch.testing.assert_close(found, torch.ones(1, 6, 6))

    def test_symmetric_and_never_empty(self):
        generator = torch.Generator().manual_seed(0)
        masks = torch.rand(3, 100, 4, 5, generator=generator)
        scores = torch.rand(3, 100, generator=generator)
        for softness in (1.0, 0.05, 1e-4, 0.0):  # from masks everywhere to none at all
            found = mask_affinity(masks * softness, scores)
            torch.testing.assert_close(found, found.mT)
            assert found.min() >= 0
            assert found.sum(1).min() > 0.1

    def test_a_query_without_object_counts_for_nothing(self):
        masks = torch.rand(1, 3, 2, 2, generator=torch.Generator().manual_seed(0))
        scores = torch.tensor([[0.7, 0.0, 0.4]])
        expected = mask_affinity(masks[:, [0, 2]], scores[:, [0, 2]])
        torch.testing.assert_close(mask_affinity(masks, scores), expected)

"""Other models' scores: what they may be, and the maps they become."""

import math

import pytest
import torch

from freecp_d2.modeling.purification.class_scores import as_maps, as_probabilities, pool_to_grid


class TestProbabilities:
    def test_logits_are_softmaxed_over_the_classes(self):
        logits = torch.tensor([0.0, 0.0]).log1p().view(2, 1, 1)
        logits = torch.cat([logits, torch.tensor([2.0]).log().view(1, 1, 1)])
        found = as_probabilities(logits, "logits").flatten()
        torch.testing.assert_close(found, torch.tensor([0.25, 0.25, 0.5]))

    def test_with_leading_dimensions(self):
        logits = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
        found = as_probabilities(logits, "logits")
        torch.testing.assert_close(found.sum(dim=1), torch.ones(2, 3, 4))
        torch.testing.assert_close(found, logits.softmax(dim=1))
        torch.testing.assert_close(found[1], as_probabilities(logits[1], "logits"))

    def test_temperature(self):
        logits = torch.tensor([0.0, 4.0]).view(2, 1, 1)
        halved = as_probabilities(logits, "logits", temperature=2.0)
        torch.testing.assert_close(halved, as_probabilities(logits / 2, "logits"))

    def test_a_class_that_is_ruled_out_has_none(self):
        logits = torch.tensor([0.0, -torch.inf, math.log(3)]).view(3, 1, 1)
        found = as_probabilities(logits, "logits").flatten()
        torch.testing.assert_close(found, torch.tensor([0.25, 0, 0.75]))

    def test_are_float32(self):
        for dtype in [torch.float16, torch.bfloat16, torch.float64]:
            scores = torch.rand(3, 2, 2, dtype=dtype)
            assert as_probabilities(scores, "probabilities").dtype == torch.float32

    def test_probabilities_stay_as_they_are(self):
        scores = torch.tensor([0.2, 0.9, 3.5]).view(3, 1, 1)
        assert torch.equal(as_probabilities(scores, "probabilities"), scores)

    def test_what_they_may_not_be(self):
        for scores, kind, temperature, message in [
            (torch.zeros(2, 1, 1), "softmax", 1.0, "softmax.*logits"),
            (torch.zeros(2, 1, 1), "logits", 0.0, "temperature.*more than 0"),
            (torch.zeros(2, 1, 1), "probabilities", 2.0, "use 1.0"),
            (torch.zeros(2, 1, 1, dtype=torch.int64), "logits", 1.0, "int64.*label map"),
            (torch.full((2, 1, 1), torch.nan), "logits", 1.0, "NaN"),
            (torch.full((2, 1, 1), -torch.inf), "logits", 1.0, "all classes of a pixel"),
            (torch.full((2, 1, 1), torch.inf), "logits", 1.0, "infinity"),
            (torch.full((2, 1, 1), torch.inf), "probabilities", 1.0, "infinity"),
            (torch.full((2, 1, 1), -0.5), "probabilities", 1.0, "-0.5.*logits"),
        ]:
            with pytest.raises(ValueError, match=message):
                as_probabilities(scores, kind, temperature)


class TestMaps:
    def test_sums_above_one_are_divided_out(self):
        sigmoids = torch.tensor([0.5, 1.0, 0.5]).view(3, 1, 1)
        torch.testing.assert_close(as_maps(sigmoids).flatten(), torch.tensor([0.25, 0.5, 0.25]))

    def test_small_sums_stay(self):
        scores = torch.tensor([0.01, 0.02]).view(2, 1, 1)
        assert torch.equal(as_maps(scores), scores)

    def test_a_softmax_stays(self):
        scores = torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(1)).softmax(dim=0)
        torch.testing.assert_close(as_maps(scores), scores)


class TestPooling:
    def test_is_the_mean_of_a_patch(self):
        scores = torch.arange(16.0).view(1, 4, 4)
        expected = torch.tensor([[[2.5, 4.5], [10.5, 12.5]]])
        torch.testing.assert_close(pool_to_grid(scores, (2, 2)), expected)

    def test_a_grid_finer_than_the_pixels(self):
        scores = torch.tensor([[[1.0, 3.0]]])
        assert torch.equal(pool_to_grid(scores, (2, 4))[0], torch.tensor([[1.0, 1, 3, 3]] * 2))

import math

import pytest
import torch

from freecp_d2.method import class_activation_maps, merge_synonyms, min_max_normalise

from .helpers import draw, rand

LN2, LN3 = math.log(2), math.log(3)


def unit_rows(num_words, dim, seed=1):
    return torch.nn.functional.normalize(rand(num_words, dim, seed=seed) - 0.5, dim=1)


def test_two_orthogonal_words():
    for patch, scale, first_word in (
        ((1.0, 0.0), LN3, 3 / 4),  # logits ln 3 and 0
        ((0.0, 1.0), LN3, 1 / 4),
        ((-2.0, 0.0), LN3, 1 / 4),  # logits -ln 3 and 0: the length 2 does not matter
        ((1.0, 1.0), 50.0, 1 / 2),
        ((3.0, 4.0), 5 * LN2, 1 / 3),  # cosines 0.6 and 0.8: the logits differ by ln 2
        ((0.3, 0.4), 5 * LN2, 1 / 3),
        ((3.0, 4.0), 0.0, 1 / 2),  # no scale, no preference
        ((3.0, 4.0), 1e4, 0.0),  # the limit of a large scale is the nearest word
        ((0.0, 0.0), 100.0, 1 / 2),  # a patch without a direction prefers no word
    ):
        features = torch.tensor(patch).view(1, 2, 1, 1)
        cam = class_activation_maps(features, torch.eye(2), scale)
        # A few roundings of float32 at values near one.
        torch.testing.assert_close(
            cam.flatten(), torch.tensor([first_word, 1 - first_word]), rtol=0, atol=1e-6
        )


def test_different_embeddings_raise():
    with pytest.raises(ValueError, match="have 8 channels, text features 6; both must come from"):
        class_activation_maps(rand(1, 8, 2, 2), rand(3, 6), 100.0)


def test_min_max_by_hand():
    for cam, expected in (
        # two words of 1 x 2 patches: one minimum and one maximum for both
        ([[[2.0, 6.0]], [[4.0, 10.0]]], [[[0.0, 0.5]], [[0.25, 1.0]]]),
        ([[[0.0, 1.0]], [[0.5, 0.25]]], [[[0.0, 1.0]], [[0.5, 0.25]]]),  # fixed point
        ([[[0.5, 0.5]], [[0.5, 0.5]]], [[[1.0, 1.0]], [[1.0, 1.0]]]),  # nothing to stretch
        ([[[0.0, 0.0]]], [[[1.0, 1.0]]]),
    ):
        assert torch.equal(min_max_normalise(torch.tensor([cam])), torch.tensor([expected]))


def test_a_class_takes_the_maximum_of_its_words_patch_by_patch():
    for word_to_class, expected in (
        ([0, 1, 2], ["19.", ".5#", "3.7"]),  # one word a class
        ([0, 0, 1], ["19#", "3.7"]),
        ([0, 1, 1], ["19.", "35#"]),
        ([1, 0, 1], [".5#", "397"]),  # synonyms need not stand together
        ([0, 0, 0], ["39#"]),
        ([1, 3, 1], ["...", "397", "...", ".5#"]),  # a class without a word has no activation
    ):
        words = torch.stack([draw("19."), draw(".5#"), draw("3.7")])[None]
        merged = merge_synonyms(words, torch.tensor(word_to_class), len(expected))
        assert torch.equal(merged, torch.stack([draw(row) for row in expected])[None])


class TestWordsOfAWindow:
    """With `words`, a window's maps are those of a vocabulary that has no others."""

    CHOSEN = torch.tensor([[True, False, True, True], [False, False, True, False]])

    def test_equals_a_vocabulary_without_the_others(self):
        features, text = rand(2, 8, 3, 5) - 0.5, unit_rows(4, 8)
        cam = class_activation_maps(features, text, 10.0, self.CHOSEN)
        normalized_cam = min_max_normalise(cam, self.CHOSEN)
        for n, chosen in enumerate(self.CHOSEN):
            expected = class_activation_maps(features[n : n + 1], text[chosen], 10.0)
            torch.testing.assert_close(cam[n, chosen], expected[0])
            torch.testing.assert_close(normalized_cam[n, chosen], min_max_normalise(expected)[0])
            assert not cam[n, ~chosen].any()
            assert not normalized_cam[n, ~chosen].any()

    def test_no_words_give_empty_maps(self):
        nothing = torch.zeros(1, 4, dtype=torch.bool)
        cam = class_activation_maps(rand(1, 8, 2, 2), unit_rows(4, 8), 10.0, nothing)
        assert torch.equal(cam, torch.zeros(1, 4, 2, 2))
        assert torch.equal(min_max_normalise(cam, nothing), cam)

"""Scores by hand, and the label map against their argmax."""

from itertools import product

import torch

from freecp_d2.modeling import outputs
from freecp_d2.modeling.outputs import (
    ClassScores,
    drop_small_classes,
    full_scores,
    label_map,
)


def rand(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


class TestFullScores:
    FOUND = ClassScores(torch.tensor([1, 3]), torch.tensor([[[0.2, 0.7]], [[0.5, 0.1]]]))

    def test_dropped_classes_are_zero(self):
        scores = full_scores(self.FOUND, 5, (1, 2), background=False)
        expected = torch.tensor([[0.0, 0], [0.2, 0.7], [0, 0], [0.5, 0.1], [0, 0]])
        assert torch.equal(scores[:, 0], expected)

    def test_background_is_one_minus_the_best(self):
        scores = full_scores(self.FOUND, 5, (1, 2), background=True)
        assert scores.shape == (6, 1, 2)
        torch.testing.assert_close(scores[0, 0], torch.tensor([0.5, 0.3]))
        assert torch.equal(scores[1:], full_scores(self.FOUND, 5, (1, 2), background=False))

    def test_nothing_survives(self):
        found = ClassScores(torch.zeros(0, dtype=torch.long), torch.zeros(0, 8, 8))
        for size in ((8, 8), (3, 4), (1, 1)):
            assert torch.equal(full_scores(found, 3, size, background=False), torch.zeros(3, *size))
            scores = full_scores(found, 3, size, background=True)
            assert torch.equal(scores[0], torch.ones(size))
            assert torch.equal(scores[1:], torch.zeros(3, *size))
            assert not label_map(found, size, background=False).any()
            assert not label_map(found, size, background=True).any()

    def test_resized_by_hand(self):
        scores = full_scores(self.FOUND, 4, (3, 4), background=False)
        expected = torch.tensor([0.2, 0.325, 0.575, 0.7])  # quarters between the two
        torch.testing.assert_close(scores[1], expected.expand(3, 4))
        assert not scores[[0, 2]].any()


class TestLabelMap:
    CASES = {
        "all different": rand(7, 6, 8),
        # Few levels on many pixels: ties between classes, and with the background.
        "ties": (rand(7, 6, 8, seed=1) * 4).floor() / 4,
        "ties at one half": torch.full((7, 6, 8), 0.5),
        "all zero": torch.zeros(7, 6, 8),
        "zero in places": (rand(7, 6, 8, seed=2) - 0.9).clamp(min=0),
        "only the last class": torch.eye(7)[-1].view(7, 1, 1) * rand(1, 6, 8),
    }

    def test_is_the_argmax_of_the_scores(self, monkeypatch):
        """Exactly if nothing is resized; otherwise rounding may decide a near tie."""
        classes, chunks = torch.tensor([0, 2, 3, 5, 8, 9, 11]), (1, 3, 16)
        sizes = ((6, 8), (13, 9), (3, 5))
        cases = product(self.CASES.values(), (False, True), (0.0, 0.5), sizes, chunks)
        for maps, background, floor, size, chunk in cases:
            found = ClassScores(classes, maps)
            scores = full_scores(found, 13, size, background=background, floor=floor)
            monkeypatch.setattr(outputs, "CLASSES_AT_ONCE", chunk)
            labels = label_map(found, size, background=background, floor=floor)
            assert labels.dtype == torch.int64
            chosen = scores.gather(0, labels[None])[0]
            torch.testing.assert_close(chosen, scores.amax(dim=0))
            if size == (6, 8):
                assert torch.equal(labels, scores.argmax(dim=0))

    def test_bands_of_rows_change_nothing(self, monkeypatch):
        """Rounding may decide a near tie."""
        found = ClassScores(torch.arange(7), self.CASES["all different"])
        sizes = ((6, 8), (13, 9), (3, 5), (41, 64))
        for size, band, background in product(sizes, (1, 20, 100), (False, True)):
            monkeypatch.setattr(outputs, "PIXELS_AT_ONCE", band)
            labels = label_map(found, size, background=background)
            scores = full_scores(found, 7, size, background=background)
            chosen = scores.gather(0, labels[None])[0]
            torch.testing.assert_close(chosen, scores.amax(dim=0))

    def test_by_hand(self):
        found = ClassScores(torch.tensor([1, 4]), torch.tensor([[[0.6, 0.2, 0]], [[0.3, 0.4, 0]]]))
        assert label_map(found, (1, 3), background=False).tolist() == [[1, 4, 0]]
        assert label_map(found, (1, 3), background=True).tolist() == [[2, 0, 0]]
        assert label_map(found, (1, 3), background=False, floor=0.5).tolist() == [[1, 0, 0]]
        assert label_map(found, (1, 3), background=True, floor=0.7).tolist() == [[0, 0, 0]]

    def test_label_of_pixels_without_a_score(self):
        found = ClassScores(torch.tensor([0, 4]), torch.tensor([[[0.6, 0, 0]], [[0.3, 0.4, 0]]]))
        assert label_map(found, (1, 3), background=False, unlabelled=-1).tolist() == [[0, 4, -1]]
        assert label_map(found, (1, 3), background=True, unlabelled=-1).tolist() == [[1, 0, 0]]
        floored = label_map(found, (1, 3), background=False, floor=0.5, unlabelled=-1)
        assert floored.tolist() == [[0, 0, 0]]


def test_small_classes_are_dropped():
    """Class 0 wins 2 of 10 pixels, class 3 six, class 5 two: a quarter of the foreground."""
    scores = torch.zeros(3, 1, 10)
    for row, pixels in enumerate((slice(0, 2), slice(2, 8), slice(8, 10))):
        scores[row, 0, pixels] = 1.0
    found = ClassScores(torch.tensor([0, 3, 5]), scores + 0.1)
    for min_area, alive in ((0.2, [True, True, True]), (0.25, [True, True, False])):
        kept = drop_small_classes(found, min_area)
        assert kept.scores.flatten(1).any(dim=1).tolist() == alive
    nothing = ClassScores(torch.zeros(0, dtype=torch.long), torch.zeros(0, 2, 2))
    assert drop_small_classes(nothing, 0.1).scores.shape == (0, 2, 2)

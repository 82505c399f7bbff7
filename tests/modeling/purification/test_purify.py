"""`purify`: the whole of the method on maps that come from anywhere."""

import pytest
import torch

from freecp_d2 import purify
from freecp_d2.method import region_boxes

H, W = 4, 6
P = H * W


def blocks():
    """Left and right half have only to do with themselves: affinity (P, P), exactly balanced."""
    half = torch.arange(P) % W // 3
    return (half[:, None] == half[None]).float()


def left_and_right(*more):
    """Two words that are where they say, then `more`; scores (K, H, W)."""
    left = torch.zeros(H, W)
    left[:, :3] = 0.9
    return torch.stack([left, left.flip(1), *more])


def scattered():
    """One patch in a corner, which refinement spreads over its half."""
    found = torch.zeros(H, W)
    found[0, 0] = 0.3
    return found


def run(scores, affinity=None, **options):
    defaults = {"kind": "probabilities", "order": "RP", "exclude_last": False}
    return purify(scores, blocks() if affinity is None else affinity, **defaults | options)


class TestRedundancy:
    def test_by_hand(self):
        """
        A word that fills its half: 12 patches of 0.9, refined 1: 10.8 / (10.8 + 12). One of which
        a single patch scores 0.3 becomes 1 in all of the half: 0.3 / (0.3 + 12); of the patch
        itself, 0.9 + 0.3 sums to more than 1 and is divided by 1.2.
        """
        found = run(left_and_right(scattered()), redundancy_thresh=0.2)
        left = 11 * 0.9 + 0.75
        expected = [left / (left + 12), 10.8 / 22.8, 0.25 / 12.25]
        torch.testing.assert_close(
            found.redundancy_scores[0], torch.tensor(expected), atol=1e-5, rtol=0
        )
        assert found.keep[0].tolist() == [True, True, False]
        assert not found.maps[0, 2].any()

    def test_logits(self):
        scores = left_and_right(scattered())
        logits = scores.div(1 - scores.sum(dim=0).clamp(max=0.95)).clamp(min=1e-6).log()
        found = run(logits, kind="logits", redundancy_thresh=0.2)
        expected = run(logits.softmax(dim=0), redundancy_thresh=0.2)
        torch.testing.assert_close(found.maps, expected.maps)


class TestBatches:
    def test_each_has_its_own_affinity(self):
        scores = torch.stack([left_and_right(scattered()), left_and_right(scattered()).flip(2)])
        affinity = torch.stack([blocks(), torch.eye(P)])
        found = run(scores, affinity)
        for n in range(2):
            alone = run(scores[n], affinity[n])
            torch.testing.assert_close(found.maps[n], alone.maps[0])
            assert torch.equal(found.keep[n], alone.keep[0])

    def test_nothing_is_differentiated(self):
        assert not run(left_and_right().requires_grad_()).maps.requires_grad


BRIGHT, DARK = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])


class TestAmbiguity:
    """Two words of one half; a classifier that tells bright crops from dark ones."""

    SCORES = left_and_right(0.8 * left_and_right()[0])
    FEATURES = torch.stack([BRIGHT, DARK, DARK])

    def image(self):
        image = torch.zeros(3, 8 * H, 8 * W)
        image[:, :, : 4 * W] = 1.0
        return image

    @staticmethod
    def encode(crops):
        assert crops.shape[1:] == (3, 16, 16)
        bright = crops.mean(dim=(1, 2, 3))
        return torch.stack([bright, 1 - bright], dim=1)

    def run(self, **options):
        return run(self.SCORES, order="AP", ambiguity_thresh=0.6, **options)

    def test_without_a_classifier_groups_stay_undecided(self):
        found = self.run()
        assert found.groups.members.tolist() == [[True, False, True]]
        assert len(found.winners) == 0
        assert found.maps[0, 2].any()

    def test_with_one_the_loser_is_0_in_the_box(self):
        for flip, winner, loser in [(False, 0, 2), (True, 2, 0)]:
            image = 1 - self.image() if flip else self.image()
            found = self.run(
                image=image, encode_image=self.encode, class_features=self.FEATURES, crop_size=16
            )
            assert found.winners.tolist() == [winner]
            assert found.region_boxes.boxes.tolist() == [[0, 0, 3, 4]]
            assert not found.maps[0, loser, :, :3].any()
            assert found.maps[0, winner, :, :3].all()
            region = region_boxes(found.maps[0, winner][None], exclude_last=False)
            assert region.boxes.tolist() == [[0, 0, 3, 4]]

    def test_parts_that_are_missing_or_do_not_fit(self):
        for options, message in [
            ({"image": None}, "image, encode_image and class_features together"),
            ({"encode_image": None}, "together"),
            ({"class_features": None}, "together"),
            ({"image": torch.zeros(3, 32, 49)}, r"p \* 4, p \* 6"),
            ({"image": torch.zeros(3, 2, 3)}, r"p \* 4, p \* 6"),
            ({"image": torch.zeros(1, 32, 48)}, r"\(1, 3, p"),
            ({"class_features": torch.zeros(2, 2)}, r"\(2, 2\), expected \(3, D\)"),
            ({"crop_size": 0}, "crop_size is 0"),
        ]:
            parts = {"image": self.image(), "encode_image": self.encode}
            with pytest.raises(ValueError, match=message):
                self.run(**{**parts, "class_features": self.FEATURES, **options})


class TestPrecision:
    """Inside autocast, which would make 1e-8 of Eq. (4) zero, as outside."""

    def test_autocast_changes_nothing(self):
        for dtype in [torch.float16, torch.bfloat16]:
            scores = torch.cat([left_and_right(), torch.zeros(1, H, W)])  # a word that is nowhere
            expected = run(scores, order="RP-AP")
            with torch.autocast("cpu", dtype=dtype):
                found = run(scores, order="RP-AP")
                assert torch.is_autocast_enabled("cpu"), "what surrounds it stays as it is"
            assert torch.equal(found.maps, expected.maps)
            assert torch.equal(found.redundancy_scores, expected.redundancy_scores)


class TestErrors:
    def test_shapes_and_values(self):
        for scores, affinity, message in [
            (torch.rand(H, W), blocks(), r"\(4, 6\), expected \(K, h, w\)"),
            (torch.rand(0, H, W), blocks(), r"\(0, 4, 6\)"),
            (torch.rand(2, H, W), torch.ones(20, 20), r"4 x 6 = 24 patches: expected \(24, 24\)"),
            (torch.rand(2, 2, H, W), blocks(), r"expected \(2, 24, 24\)"),
            (torch.rand(2, H, W), -blocks(), "negative"),
            (torch.rand(2, H, W), blocks() / 0, "NaN or infinite"),
            (torch.rand(2, H, W), torch.zeros(P, P), "empty row or column"),
            (torch.randn(2, H, W), blocks(), "use logits"),
        ]:
            with pytest.raises(ValueError, match=message):
                run(scores, affinity)

    def test_arrays_are_no_tensors(self):
        for name in ["scores", "affinity"]:
            parts = {"scores": left_and_right(), "affinity": blocks()}
            parts[name] = parts[name].numpy()
            with pytest.raises(TypeError, match=rf"{name}: got ndarray, expected a tensor"):
                purify(**parts, kind="probabilities")

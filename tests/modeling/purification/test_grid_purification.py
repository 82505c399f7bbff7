"""What affinity and crops see of an image, and decisions on patches for scores of any size."""

import pytest
import torch
from torch import Tensor

from freecp_d2.modeling.affinity import AffinityHead
from freecp_d2.modeling.finite_checks import FiniteChecks
from freecp_d2.modeling.purification.class_purification import ClassPurification
from freecp_d2.modeling.purification.class_scores import ScoreChannels
from freecp_d2.modeling.purification.grid_purification import GridPurification
from freecp_d2.modeling.purification.image_grid import ImageGrid
from tests.helpers import parity


def grid(**options):
    sizes = {"stride": 8, "size": 64, "window_size": 48, "window_stride": 24}
    return ImageGrid(**{"clip": None, "input_format": "RGB"} | sizes | options)


class TestFit:
    def test_size(self):
        for height, width, expected in [
            (64, 64, (64, 64)),
            (640, 640, (64, 64)),
            (3, 3, (64, 64)),
            (30, 40, (56, 72)),  # 55.4 x 73.9
            (1, 5000, (8, 256)),  # a patch high, four times the size wide
            (5000, 1, (256, 8)),
        ]:
            found = grid().fit(torch.zeros(3, height, width, dtype=torch.uint8))
            assert found.shape == (3, *expected)

    def test_a_clip_gets_pixels_of_its_own_kind(self):
        clip = parity.backbone("clip_weights", "sclip")
        view = grid(clip=clip)
        assert view.patch_size == clip.patch_size == 16
        mean = torch.tensor(clip.pixel_mean).view(3, 1, 1).expand(3, 64, 64)
        torch.testing.assert_close(view.fit(mean), torch.zeros(3, 64, 64), atol=1e-5, rtol=0)


class TestWindows:
    def test_are_whole_patches(self):
        view = grid(window_size=45, window_stride=23)
        assert (view.window_size, view.window_stride) == (40, 16)


class Colours(AffinityHead):
    """Patches are affine that are bright; reads the grid and the pixels."""

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        assert images.min() >= 0
        assert images.max() <= 255
        h, w = features["patch_tokens"].shape[-2:]
        bright = 1 + torch.nn.functional.adaptive_avg_pool2d(images, (h, w)).mean(dim=1).flatten(1)
        return bright[:, :, None] * bright[:, None, :]


class Tokens(AffinityHead):
    """Reads patch tokens."""

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        tokens = features["patch_tokens"].flatten(2)
        return (tokens.mT @ tokens).clamp(min=1e-6)


class TestTransition:
    PIXELS = 255 * torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(0))

    def test_a_head_that_needs_only_pixels_and_grid(self):
        found = grid().transition(self.PIXELS, Colours(), FiniteChecks())
        assert found.shape == (2, 6, 6)
        torch.testing.assert_close(found.sum(dim=2), torch.ones(2, 6))

    def test_a_head_that_needs_tokens_is_refused(self):
        checks = FiniteChecks()
        grid().transition(self.PIXELS, Tokens(), checks)
        with pytest.raises(ValueError, match=r"Tokens reads patch tokens.*MODEL\.PURIFIED\.CLIP"):
            checks.raise_for(checks.flags())


class Alone(AffinityHead):
    """A patch has to do with itself, and a little with all others."""

    def affinity(self, images: Tensor, features: dict[str, Tensor]) -> Tensor:
        h, w = features["patch_tokens"].shape[-2:]
        return (torch.eye(h * w) + 1e-3).expand(len(images), -1, -1)


def purification(thresh=0.2, **options):
    view = grid(window_size=32, window_stride=32)
    head = ClassPurification(
        order="RP", redundancy_thresh=thresh, ambiguity_thresh=0.7, exclude_last=False
    )
    return GridPurification(view=view, affinity_head=Alone(), purification_head=head, **options)


def scores(height=64, width=64):
    """Word 0 left; word 1 right, but a thin veil in the upper left quarter; (2, H, W)."""
    found = torch.zeros(2, height, width)
    found[0, :, : width // 2] = 0.9
    found[1, :, width // 2 :] = 0.9
    found[1, : height // 2, : width // 2] = torch.linspace(0.05, 0.1, width // 2)
    return found


IMAGE = torch.full((3, 64, 64), 100.0)


def gate_of(purifier, image_scores):
    ((decisions, windows),) = purifier.decide([IMAGE], [image_scores])
    assert windows == []
    return decisions.result()


class TestDecisions:
    def test_each_window_decides_for_itself_at_any_size_of_the_scores(self):
        for size in [(64, 64), (16, 8), (200, 320)]:
            gate = gate_of(purification(), scores(*size))
            assert gate.shape == (2, 8, 8)
            assert gate[0, :, :4].all()
            assert gate[1, :, 4:].all()
            assert not gate[1, :4, :4].any(), "the veil is redundant in its window"

    def test_the_background_is_open(self):
        channels = ScoreChannels(("word",), background=1)
        gate = gate_of(purification(channels=channels, thresh=0.5), scores())
        assert gate[1].all()
        assert not gate[0].any()

    def test_why(self):
        ((_, windows),) = purification(channels=ScoreChannels(("left", "right"))).decide(
            [torch.full((3, 128, 128), 100.0)], [scores()], diagnose=True
        )
        first, second, *_ = windows
        assert first.window == (0, 0, 64, 64), "pixels of the image, seen at half its size"
        assert second.window == (64, 0, 128, 64)
        assert list(first.kept) == ["left"]
        assert list(first.removed) == ["right"]
        assert list(second.kept) == ["right"]


class TestParts:
    def test_features_without_a_clip(self):
        with pytest.raises(ValueError, match="both or neither"):
            purification(class_features=torch.eye(2))

    def test_sizes(self):
        for options in [{"batch_size": 0}, {"crop_size": 7}]:
            with pytest.raises(ValueError, match="at least one patch"):
                purification(**options)

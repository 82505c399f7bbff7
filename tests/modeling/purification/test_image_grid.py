"""What affinity and crops see of images of any size."""

import pytest
import torch
from torch import Tensor

from freecp_d2.modeling.affinity import AffinityHead
from freecp_d2.modeling.purification.image_grid import ImageGrid
from tests.helpers import parity


def grid(**options):
    defaults = {
        "clip": None,
        "stride": 8,
        "size": 64,
        "window_size": 48,
        "window_stride": 24,
        "input_format": "RGB",
    }
    return ImageGrid(**defaults | options)


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

    def test_an_image_of_that_size_is_not_resampled(self):
        image = torch.randint(256, (3, 64, 64), generator=torch.Generator().manual_seed(0))
        assert torch.equal(grid().fit(image.byte()), image.float())

    def test_order_of_channels(self):
        image = torch.stack([torch.full((64, 64), value) for value in (10.0, 20.0, 30.0)])
        assert grid(input_format="BGR").fit(image)[:, 0, 0].tolist() == [30, 20, 10]

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

    def test_impossible_sizes(self):
        for options, message in [
            ({"size": 4}, "at least one patch"),
            ({"stride": 0}, "positive"),
            ({"window_size": 7}, "at least one patch"),
            ({"window_stride": 49}, "gaps"),
            ({"input_format": "L"}, "RGB or BGR"),
        ]:
            with pytest.raises(ValueError, match=message):
                grid(**options)


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
        found = grid().transition(self.PIXELS, Colours())
        assert found.shape == (2, 6, 6)
        torch.testing.assert_close(found.sum(dim=2), torch.ones(2, 6))

    def test_a_head_that_needs_tokens_is_refused(self):
        with pytest.raises(ValueError, match=r"Tokens reads patch tokens.*MODEL\.PURIFIED\.CLIP"):
            grid().transition(self.PIXELS, Tokens())

    def test_or_gets_those_of_the_clip(self):
        view = grid(clip=parity.backbone("clip_weights", "sclip"))
        pixels = view.pixels(torch.full((1, 3, 32, 48), 100.0))
        assert view.transition(pixels, Tokens()).shape == (1, 6, 6)
        assert "attention" in view.output_shape()
        assert set(grid().output_shape()) == {"patch_tokens"}

"""Normalising pixels and undoing it."""

import pytest
import torch

from freecp_d2.modeling.pixels import PixelNormalisation

MEAN, STD = (10.0, 20.0, 30.0), (1.0, 2.0, 5.0)


def test_by_hand():
    image = torch.tensor([11, 16, 30], dtype=torch.uint8).view(3, 1, 1)
    found = PixelNormalisation(MEAN, STD, "RGB")(image)
    assert found.dtype == torch.float32
    assert found.flatten().tolist() == [1, -2, 0]


def test_bgr_comes_out_as_rgb():
    image = torch.rand(2, 3, 4, 5) * 255
    rgb, bgr = (PixelNormalisation(MEAN, STD, order) for order in ("RGB", "BGR"))
    torch.testing.assert_close(bgr(image.flip(1)), rgb(image))


def test_undo():
    pixels = PixelNormalisation(MEAN, STD, "BGR")
    image = torch.rand(2, 3, 4, 5) * 255
    torch.testing.assert_close(pixels.undo(pixels(image)), image.flip(1))
    assert pixels.undo(torch.zeros(3, 1, 1)).flatten().tolist() == list(MEAN)


def test_an_unknown_channel_order():
    with pytest.raises(ValueError, match=r'INPUT.FORMAT="L" is not supported'):
        PixelNormalisation(MEAN, STD, "L")

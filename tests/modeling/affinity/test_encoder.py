"""Heads with an encoder of their own: mode, precision, weights, affinity and resampling."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from freecp_d2.method import transition_matrix
from freecp_d2.modeling.affinity import EncoderAffinity
from freecp_d2.modeling.affinity.encoder import (
    MIN_AFFINITY,
    cosine_affinity,
    mask_affinity,
    resize,
    resize_to,
)
from freecp_d2.modeling.resampling import resample, resample_matrix
from tests.helpers.random_towers import rand_normal


def test_resized_shapes():
    for size, shorter_side, multiple, at_least, expected in [
        ((384, 384), 0, 16, 1, (384, 384)),
        ((384, 384), 0, 14, 1, (378, 378)),
        ((384, 320), 0, 32, 1, (384, 320)),
        ((100, 384), 0, 16, 1, (96, 384)),
        ((5, 384), 0, 16, 1, (16, 384)),
        ((384, 384), 518, 14, 1, (518, 518)),
        ((192, 384), 384, 16, 1, (384, 768)),
        ((10, 100), 0, 32, 2, (64, 96)),
    ]:
        found = resize(torch.zeros(1, 3, *size), shorter_side, multiple, at_least)
        assert found.shape[-2:] == expected
    images = torch.rand(1, 3, 8, 8)
    assert resize_to(images, (8, 8)) is images


def test_the_encoder_stays_frozen_and_has_a_precision():
    head = EncoderAffinity(nn.Sequential(nn.Linear(2, 2).half(), nn.Dropout()))
    head.train()
    assert head.training
    assert not any(module.training for module in head.encoder.modules())
    assert not any(parameter.requires_grad for parameter in head.parameters())
    assert {parameter.dtype for parameter in head.parameters()} == {torch.float32}
    assert list(head.attention_layers) == []  # the backbone computes none for it
    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    for precision, dtype in dtypes.items():
        head = EncoderAffinity(nn.Linear(2, 2), precision=precision)
        with head.autocast(torch.device("cpu")):
            assert head.encoder(torch.ones(1, 2)).dtype is dtype
    with pytest.raises(ValueError, match=r'MODEL\.PRECISION="int8".*fp16'):
        EncoderAffinity(nn.Linear(2, 2), precision="int8")


class TestCosine:
    def test_by_hand(self):
        """Patches that point right, left, up, and to the upper right."""
        features = torch.tensor([[[1.0, -2.0, 0.0, 1.0]], [[0.0, 0.0, 3.0, 1.0]]])[None]
        half = 0.5**0.5
        expected = [[1, 0, 0, half], [0, 1, 0, 0], [0, 0, 1, half], [half, 0, half, 1]]
        expected = torch.tensor(expected).clamp(min=MIN_AFFINITY)
        torch.testing.assert_close(cosine_affinity(features)[0], expected)
        squared = expected.square().clamp(min=MIN_AFFINITY)
        torch.testing.assert_close(cosine_affinity(features, power=2.0)[0], squared)

    def test_constant_features_are_uniform_even_if_they_are_zero(self):
        for features in (torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)):
            transition = transition_matrix(cosine_affinity(features))
            torch.testing.assert_close(transition, torch.full((1, 4, 4), 0.25))


class TestMasks:
    def test_by_hand(self):
        """Two masks of scores 1 and 0.5 share no patch; the last patch is in neither."""
        masks = torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]).view(1, 2, 1, 4)
        expected = torch.tensor(
            [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0.5 + 0.5, 0], [0, 0, 0, 1.0]]
        )  # the third patch: 0.5 by its mask, and 0.5 that is in no mask
        torch.testing.assert_close(mask_affinity(masks, torch.tensor([[1, 0.5]]))[0], expected)

    def test_no_mask_and_one_mask_of_everything(self):
        found = mask_affinity(torch.zeros(2, 0, 2, 3), torch.zeros(2, 0))
        torch.testing.assert_close(found, torch.eye(6).expand(2, 6, 6))
        found = mask_affinity(torch.ones(1, 1, 2, 3), torch.ones(1, 1))
        torch.testing.assert_close(found, torch.ones(1, 6, 6))


def test_as_torch_interpolates():
    for source, grid in [((8, 8), (5, 6)), ((4, 6), (7, 9)), ((1, 5), (3, 1)), ((16, 8), (4, 2))]:
        maps = rand_normal(2, 3, *source)
        expected = F.interpolate(maps, grid, mode="bilinear", align_corners=False, antialias=True)
        # Sums of a few dozen products in another order.
        torch.testing.assert_close(resample(maps, grid), expected, rtol=0, atol=1e-5)
    maps = rand_normal(2, 3, 4, 5)
    assert resample(maps, (4, 5)) is maps
    matrix = rand_normal(2, 20, 20)
    assert resample_matrix(matrix, (4, 5), (4, 5)) is matrix


def test_padding_has_no_effect():
    for extent in [(6.0, 5.0), (5.3, 8.0), (0.4, 0.7)]:
        maps = rand_normal(1, 2, 8, 8)
        padded = maps.clone()
        rows, columns = (-int(-side // 1) for side in extent)  # rounded up: a partial cell counts
        padded[..., rows:, :] = 1e6
        padded[..., columns:] = 1e6
        found = resample(padded, (4, 4), extent)
        torch.testing.assert_close(found, resample(maps, (4, 4), extent))
    cropped = resample(maps[..., :6, :5], (4, 7))
    torch.testing.assert_close(resample(maps, (4, 7), extent=(6, 5)), cropped)

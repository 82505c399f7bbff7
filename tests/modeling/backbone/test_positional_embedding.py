"""Resizing the positional embedding: identities, limits, and the calls of other projects."""

from itertools import product

import torch
import torch.nn.functional as F

from freecp_d2.modeling.backbone.base import (
    INTERPOLATIONS,
    resize_positional_embedding,
)
from tests.helpers.random_towers import rand_normal

EMBEDDING = rand_normal(1 + 4 * 4, 6)
GRIDS = [(3, 3), (5, 5), (8, 8), (3, 7), (9, 4), (2, 8), (1, 1)]


def as_image(embedding, grid):
    """(1 + h * w, C) -> (1, C, h, w), class token cut."""
    return embedding[1:].T.reshape(1, -1, *grid)


def test_the_calls_of_other_projects():
    """`scale` is the release's call, `size_antialias` is GEM's; whole features: test_parity.py."""
    native = as_image(EMBEDDING, (4, 4))
    for h, w in GRIDS:
        factors = ((h + 0.1) / 4, (w + 0.1) / 4)
        expected = {
            "scale": F.interpolate(native, scale_factor=factors, mode="bicubic"),
            "size_antialias": F.interpolate(native, size=(h, w), mode="bicubic", antialias=True),
        }
        assert expected.keys() == set(INTERPOLATIONS)
        for interpolation, image in expected.items():
            resized = resize_positional_embedding(EMBEDDING, (h, w), interpolation)
            assert resized.shape == (1 + h * w, 6)
            assert torch.equal(resized[0], EMBEDDING[0]), "the class token"
            torch.testing.assert_close(as_image(resized, (h, w)), image)


def test_native_number_of_tokens_on_another_grid_is_resized():
    # The released program leaves it as it is there, so that rows of 4 are read as rows of 8.
    for interpolation in INTERPOLATIONS:
        assert resize_positional_embedding(EMBEDDING, (4, 4), interpolation) is EMBEDDING
        resized = resize_positional_embedding(EMBEDDING, (2, 8), interpolation)
        assert (resized[1:] - EMBEDDING[1:]).abs().max() > 0.1


def test_the_factor_gives_the_wanted_size():
    # floor(g * (h + 0.1) / g) must be h for the native grids of all released CLIPs.
    for native, side in product((7, 14, 16, 24), range(1, 60)):
        embedding = torch.zeros(1 + native * native, 1)
        resized = resize_positional_embedding(embedding, (side, side), "scale")
        assert len(resized) == 1 + side * side


def test_half_precision_is_resized_in_float32():
    for interpolation, dtype in product(INTERPOLATIONS, (torch.float16, torch.bfloat16)):
        half = EMBEDDING.to(dtype)
        resized = resize_positional_embedding(half, (5, 6), interpolation)
        expected = resize_positional_embedding(half.float(), (5, 6), interpolation)
        assert resized.dtype == dtype
        assert torch.equal(resized, expected.to(dtype))

"""Resizing the positional embedding: identities, limits, and the calls of other projects."""

import pytest
import torch
import torch.nn.functional as F

from freecp_d2.modeling.backbone.positional_embedding import (
    INTERPOLATIONS,
    resize_positional_embedding,
)
from tests.helpers.random_towers import rand_normal

EMBEDDING = rand_normal(1 + 4 * 4, 6)
GRIDS = [(3, 3), (5, 5), (8, 8), (3, 7), (9, 4), (2, 8), (1, 1)]

every_interpolation = pytest.mark.parametrize("interpolation", INTERPOLATIONS)
every_grid = pytest.mark.parametrize("grid", GRIDS)


def as_image(embedding, grid):
    """(1 + h * w, C) -> (1, C, h, w), class token cut."""
    return embedding[1:].T.reshape(1, -1, *grid)


@every_interpolation
def test_native_grid_is_the_embedding_itself(interpolation):
    assert resize_positional_embedding(EMBEDDING, (4, 4), interpolation) is EMBEDDING


@every_interpolation
@every_grid
def test_shape_and_class_token(interpolation, grid):
    resized = resize_positional_embedding(EMBEDDING, grid, interpolation)
    assert resized.shape == (1 + grid[0] * grid[1], 6)
    assert torch.equal(resized[0], EMBEDDING[0])


@every_interpolation
@every_grid
def test_a_constant_stays_constant(interpolation, grid):
    constant = torch.full_like(EMBEDDING, 0.7)
    resized = resize_positional_embedding(constant, grid, interpolation)
    # Weights of 16 neighbours sum to one up to rounding.
    torch.testing.assert_close(resized, torch.full_like(resized, 0.7), rtol=0, atol=1e-6)


@every_interpolation
@every_grid
def test_rows_and_columns_are_not_mixed_up(interpolation, grid):
    transposed = torch.cat([EMBEDDING[:1], as_image(EMBEDDING, (4, 4)).mT.flatten(2)[0].T])
    a = resize_positional_embedding(EMBEDDING, grid, interpolation)
    b = resize_positional_embedding(transposed, grid[::-1], interpolation)
    torch.testing.assert_close(as_image(a, grid), as_image(b, grid[::-1]).mT, rtol=0, atol=1e-5)


@every_interpolation
def test_what_depends_on_the_row_alone_still_does(interpolation):
    by_row = torch.arange(4.0).repeat_interleave(4)
    embedding = torch.cat([torch.zeros(1), by_row])[:, None]
    image = as_image(resize_positional_embedding(embedding, (3, 9), interpolation), (3, 9))
    torch.testing.assert_close(image, image[..., :1].expand_as(image), rtol=0, atol=1e-5)
    assert (image[0, 0, 1:, 0] > image[0, 0, :-1, 0]).all()


@every_interpolation
def test_native_number_of_tokens_on_another_grid_is_resized(interpolation):
    # The released program leaves it as it is there, so that rows of 4 are read as rows of 8.
    resized = resize_positional_embedding(EMBEDDING, (2, 8), interpolation)
    assert (resized[1:] - EMBEDDING[1:]).abs().max() > 0.1


@every_grid
def test_scale_is_the_call_of_the_release(grid):
    # tests/parity holds whole features; this is the call that its authors make.
    expected = F.interpolate(
        as_image(EMBEDDING, (4, 4)),
        scale_factor=((grid[0] + 0.1) / 4, (grid[1] + 0.1) / 4),
        mode="bicubic",
    )
    resized = resize_positional_embedding(EMBEDDING, grid, "scale")
    assert torch.equal(as_image(resized, grid), expected)


@every_grid
def test_size_antialias_is_the_call_of_gem(grid):
    expected = F.interpolate(as_image(EMBEDDING, (4, 4)), size=grid, mode="bicubic", antialias=True)
    resized = resize_positional_embedding(EMBEDDING, grid, "size_antialias")
    assert torch.equal(as_image(resized, grid), expected)


@pytest.mark.parametrize("side", range(1, 60))
def test_the_factor_gives_the_wanted_size(side):
    # floor(g * (h + 0.1) / g) must be h for the native grids of all released CLIPs.
    for native in (7, 14, 16, 24):
        embedding = torch.zeros(1 + native * native, 1)
        resized = resize_positional_embedding(embedding, (side, side), "scale")
        assert len(resized) == 1 + side * side


@every_interpolation
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_resized_in_float32(interpolation, dtype):
    half = EMBEDDING.to(dtype)
    resized = resize_positional_embedding(half, (5, 6), interpolation)
    expected = resize_positional_embedding(half.float(), (5, 6), interpolation)
    assert resized.dtype == dtype
    assert torch.equal(resized, expected.to(dtype))

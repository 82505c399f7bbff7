"""Every texture: sizes, seeds and colours."""

import numpy as np
import pytest

from freecp_d2.data.storybook.rng import Rng
from freecp_d2.data.storybook.textures import TEXTURES
from freecp_d2.data.storybook.textures.outdoors import sky_at


def test_any_size():
    for name, texture in TEXTURES.items():
        for h, w in ((1, 1), (3, 50), (50, 3), (192, 256)):
            for seed in range(3):
                colours = texture(Rng(seed), h, w)
                assert colours.shape == (h, w, 3), name
                assert colours.dtype == np.float64
                assert np.isfinite(colours).all(), name
                assert colours.min() > -0.05, name  # clipped when a page is finished
                assert colours.max() < 1.05, name


def test_a_texture_is_a_function_of_the_seed_and_uniform():
    """The left and the right half have similar colours."""
    for name, texture in TEXTURES.items():
        first, again, other = (texture(Rng(seed), 40, 60) for seed in (5, 5, 6))
        np.testing.assert_array_equal(first, again)
        assert np.abs(first - other).mean() > 1e-3, name
        colours = texture(Rng(0), 96, 128)
        left, right = colours[:, :64].mean(axis=(0, 1)), colours[:, 64:].mean(axis=(0, 1))
        assert np.abs(left - right).max() < 0.12, name


def test_natural_colours():
    means = {
        name: np.mean([draw(Rng(seed), 96, 128).mean(axis=(0, 1)) for seed in range(4)], axis=0)
        for name, draw in TEXTURES.items()
    }
    strongest = {"grass": 1, "forest": 1, "hill": 1, "sea": 2, "brick wall": 0, "wooden floor": 0}
    assert {name: means[name].argmax() for name in strongest} == strongest
    light = {name: mean.mean() for name, mean in means.items()}
    assert max(light, key=light.__getitem__) == "snow"
    assert min(light, key=light.__getitem__) == "forest"


def test_sky_by_the_time_of_day():
    day, dusk, night = (sky_at(Rng(0), 96, 128, time) for time in ("day", "dusk", "night"))
    assert night.mean() < 0.5 * min(day.mean(), dusk.mean())
    assert day[..., 2].mean() > day[..., 0].mean()
    low = slice(-20, None)
    assert dusk[low, :, 0].mean() > dusk[low, :, 2].mean()  # orange at the horizon
    for sky in (day, dusk, night):
        assert sky[low].mean() > sky[:20].mean()  # and paler there
    with pytest.raises(KeyError, match="noon"):
        sky_at(Rng(0), 2, 2, "noon")

"""Every stuff at odd sizes; and that each page has its own."""

import numpy as np
import pytest

from freecp_d2.data.storybook.rng import Rng
from freecp_d2.data.storybook.textures import TEXTURES
from freecp_d2.data.storybook.textures.outdoors import sky_at

every_texture = pytest.mark.parametrize("name", sorted(TEXTURES))


@every_texture
@pytest.mark.parametrize(("h", "w"), [(1, 1), (3, 50), (50, 3), (192, 256)])
def test_any_size(name, h, w):
    for seed in range(3):
        colours = TEXTURES[name](Rng(seed), h, w)
        assert colours.shape == (h, w, 3)
        assert colours.dtype == np.float64
        assert np.isfinite(colours).all()
        assert colours.min() > -0.05  # "about [0, 1]": what is beyond is cut when a page is done
        assert colours.max() < 1.05


@every_texture
def test_one_seed_one_image(name):
    first, again, other = (TEXTURES[name](Rng(seed), 40, 60) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 1e-3


@every_texture
def test_stuff_is_one_everywhere(name):
    """Left and right half look alike: no outline of its own, however the light falls."""
    colours = TEXTURES[name](Rng(0), 96, 128)
    left, right = colours[:, :64].mean(axis=(0, 1)), colours[:, 64:].mean(axis=(0, 1))
    assert np.abs(left - right).max() < 0.12


MEANS = {
    name: np.mean([draw(Rng(seed), 96, 128).mean(axis=(0, 1)) for seed in range(4)], axis=0)
    for name, draw in TEXTURES.items()
}


@pytest.mark.parametrize(
    ("name", "strongest"),
    [("grass", 1), ("forest", 1), ("hill", 1), ("sea", 2), ("brick wall", 0), ("wooden floor", 0)],
)
def test_colours_one_expects(name, strongest):
    assert MEANS[name].argmax() == strongest


def test_snow_is_the_lightest_and_forest_the_darkest():
    light = {name: mean.mean() for name, mean in MEANS.items()}
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


def test_an_unknown_time_of_day():
    with pytest.raises(KeyError, match="noon"):
        sky_at(Rng(0), 2, 2, "noon")

"""The paired bootstrap: intervals known in closed form."""

import numpy as np
import pytest

from freecp_d2.evaluation.bootstrap import paired_bootstrap


def counts(hits, size=10):
    """Images of one class with `size` true pixels, of which `hits` are correct."""
    hits = np.asarray(hits)
    true = np.full_like(hits, size)
    return np.stack([hits, hits, true], axis=1)[:, :, None]


def test_the_same_gain_on_every_image_is_certain():
    for second, gain in (([1, 4, 7], 0), ([3, 6, 9], 20)):
        found = paired_bootstrap(counts([1, 4, 7]), counts(second))
        assert (found.difference, found.low, found.high) == pytest.approx((gain, gain, gain))


def test_a_gain_on_half_of_the_images():
    first, second = counts([0] * 100), counts([0, 10] * 50)
    found = paired_bootstrap(first, second, repetitions=4000)
    assert found.difference == pytest.approx(50)
    # A mean of 100 coin tosses: 50 +- 1.96 * 5 points.
    assert found.low == pytest.approx(50 - 9.8, abs=1.5)
    assert found.high == pytest.approx(50 + 9.8, abs=1.5)


def test_pairing_removes_what_images_have_in_common():
    rng = np.random.default_rng(1)
    easy = rng.integers(0, 90, 60)
    found = paired_bootstrap(counts(easy, 100), counts(easy + 1 + (np.arange(60) % 2), 100))
    assert found.high - found.low < 0.5 < found.low


def test_same_seed_same_interval():
    first, second = counts([1, 2, 8]), counts([3, 2, 5])
    assert paired_bootstrap(first, second, seed=3) == paired_bootstrap(first, second, seed=3)


def test_other_images_are_refused():
    with pytest.raises(ValueError, match="not of the same images"):
        paired_bootstrap(counts([1, 2], 10), counts([1, 2], 11))

"""The random stream is NumPy's frozen one; choices and colours are functions of it."""

import itertools

import numpy as np
import pytest

from freecp_d2.data.storybook.rng import Rng

STREAM_7 = [0.07630828937395717, 0.7799187922401146, 0.4384092314408935, 0.7234651778309412]
"""The first numbers of the Mersenne twister, seed 7, as NumPy promises them for ever (NEP 19)."""


def draw(name, *arguments):
    """As many draws as `STREAM_7` has."""
    rng = Rng(7)
    return [getattr(rng, name)(*arguments) for _ in STREAM_7]


def test_stream():
    """Independent of other streams, and the same number by number as in an array."""
    rng = Rng(7)
    np.random.seed(0)
    Rng(8).uniform()
    assert rng.array(1, 3).tolist() == [STREAM_7[:3]]
    assert rng.uniform() == STREAM_7[3]
    assert draw("uniform") == STREAM_7
    for seed in (-1, 2**32):
        with pytest.raises(ValueError, match="between 0 and 2"):
            Rng(seed)


def test_uniform():
    np.testing.assert_allclose(draw("uniform", -2, 6), [8 * u - 2 for u in STREAM_7], rtol=1e-15)
    assert Rng(7).uniform(3.0, 3.0) == 3.0


def test_integer():
    assert draw("integer", 1, 6) == [1, 5, 3, 5]  # 1 + floor(6 u) of 0.46, 4.7, 2.6, 4.3
    for low, high in ((2, 4), (-1, 1), (0, 0), (0, 9)):
        rng = Rng(0)
        assert {rng.integer(low, high) for _ in range(200)} == set(range(low, high + 1))


def test_maybe():
    assert draw("maybe", 0.5) == [True, False, True, False]
    assert set(draw("maybe", 0.0)) == {False}
    assert set(draw("maybe", 1.0)) == {True}


def test_pick():
    assert draw("pick", "abcd") == ["a", "d", "b", "c"]
    rng = Rng(1)
    picked = [rng.pick(("a", "b", "b")) for _ in range(3000)]
    assert picked.count("b") / 3000 == pytest.approx(2 / 3, abs=0.03)  # three standard errors


def test_shuffled():
    options = [*"abcd"]
    assert Rng(7).shuffled(options) == ["a", "c", "d", "b"]  # the ranks of 0.08, 0.78, 0.44, 0.72
    assert options == [*"abcd"]
    assert Rng(0).shuffled([]) == []
    rng = Rng(0)
    found = {tuple(rng.shuffled("abc")) for _ in range(100)}
    assert found == set(itertools.permutations("abc"))


def test_colour():
    """Brightness 2 * 0.1 * u0 - 0.1, then half as much for each of the three."""
    brightness, *hues = (0.2 * u - 0.1 for u in STREAM_7)
    expected = [0.5 + brightness + hue / 2 for hue in hues]
    np.testing.assert_allclose(Rng(7).colour((0.5, 0.5, 0.5), 0.1), expected, rtol=1e-14)
    assert Rng(0).colour((0.2, 0.5, 0.9), 0.0) == (0.2, 0.5, 0.9)
    for base in ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)):
        rng = Rng(0)
        found = np.array([rng.colour(base, 0.3) for _ in range(50)])
        assert found.min() >= 0.0
        assert found.max() <= 1.0
        assert (found == base).any(), "clipped"


def test_paint_is_clear():
    """Never grey: some channel is well above another."""
    rng = Rng(0)
    found = np.array([rng.paint() for _ in range(200)])
    assert found.min() >= 0.0
    assert found.max() <= 1.0
    assert np.ptp(found, axis=1).min() > 0.2

"""The random stream is NumPy's frozen one; choices and colours are functions of it."""

import itertools

import numpy as np
import pytest

from freecp_d2.data.storybook.rng import Rng

STREAM_7 = [0.07630828937395717, 0.7799187922401146, 0.4384092314408935, 0.7234651778309412]
"""The first numbers of the Mersenne twister, seed 7, as NumPy promises them for ever (NEP 19)."""


class TestStream:
    def test_first_draws(self):
        chance = Rng(7)
        assert [chance.uniform() for _ in STREAM_7] == STREAM_7

    def test_an_array_is_the_same_stream(self):
        chance = Rng(7)
        assert chance.array(1, 3).tolist() == [STREAM_7[:3]]
        assert chance.uniform() == STREAM_7[3]

    def test_it_is_independent_of_other_streams(self):
        chance = Rng(7)
        np.random.seed(0)
        Rng(8).uniform()
        np.random.random_sample(5)
        assert chance.uniform() == STREAM_7[0]

    def test_seeds_out_of_range(self):
        for seed in (-1, 2**32):
            with pytest.raises(ValueError, match="between 0 and 2"):
                Rng(seed)


class TestNumbers:
    def test_uniform_scales(self):
        chance = Rng(7)
        found = [chance.uniform(-2, 6) for _ in STREAM_7]
        np.testing.assert_allclose(found, [8 * u - 2 for u in STREAM_7], rtol=1e-15)

    def test_uniform_of_an_empty_range(self):
        assert Rng(7).uniform(3.0, 3.0) == 3.0

    def test_a_die(self):
        """1 + floor(6 u): 0.46, 4.7, 2.6, 4.3 are cut."""
        chance = Rng(7)
        assert [chance.integer(1, 6) for _ in STREAM_7] == [1, 5, 3, 5]

    def test_integers_include_both_ends(self):
        for low, high in ((2, 4), (-1, 1), (0, 0), (0, 9)):
            chance = Rng(0)
            assert {chance.integer(low, high) for _ in range(200)} == set(range(low, high + 1))

    def test_maybe(self):
        chance = Rng(7)
        assert [chance.maybe(0.5) for _ in STREAM_7] == [True, False, True, False]

    def test_never_and_always(self):
        chance = Rng(3)
        draws = [(chance.maybe(0.0), chance.maybe(1.0)) for _ in range(100)]
        assert set(draws) == {(False, True)}


class TestOptions:
    def test_pick(self):
        chance = Rng(7)
        assert [chance.pick("abcd") for _ in STREAM_7] == ["a", "d", "b", "c"]

    def test_a_name_twice_is_twice_as_likely(self):
        chance = Rng(1)
        picked = [chance.pick(("a", "b", "b")) for _ in range(3000)]
        assert picked.count("b") / 3000 == pytest.approx(2 / 3, abs=0.03)  # three standard errors

    def test_shuffled_by_hand(self):
        """The ranks of 0.08, 0.78, 0.44, 0.72: the smallest first."""
        assert Rng(7).shuffled("abcd") == ["a", "c", "d", "b"]

    def test_shuffled_is_a_permutation(self):
        for size in (0, 1, 2, 17):
            options = list(range(size))
            assert sorted(Rng(size).shuffled(options)) == options
            assert options == list(range(size))  # the argument is not changed

    def test_every_order_comes(self):
        chance = Rng(0)
        found = {tuple(chance.shuffled("abc")) for _ in range(100)}
        assert found == set(itertools.permutations("abc"))


class TestColours:
    def test_without_spread_it_is_the_base(self):
        assert Rng(0).colour((0.2, 0.5, 0.9), 0.0) == (0.2, 0.5, 0.9)

    def test_by_hand(self):
        """Brightness 2 * 0.1 * u0 - 0.1, then half as much for each of the three."""
        brightness, *hues = (0.2 * u - 0.1 for u in STREAM_7)
        expected = [0.5 + brightness + hue / 2 for hue in hues]
        np.testing.assert_allclose(Rng(7).colour((0.5, 0.5, 0.5), 0.1), expected, rtol=1e-14)

    def test_near_the_base(self):
        chance = Rng(0)
        found = np.array([chance.colour((0.3, 0.5, 0.7), 0.1) for _ in range(200)])
        away = np.abs(found - (0.3, 0.5, 0.7))
        assert away.max() <= 0.15
        assert away.max() > 0.1  # brightness and hue add up

    def test_colours_are_clipped(self):
        for base in ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)):
            chance = Rng(0)
            found = np.array([chance.colour(base, 0.3) for _ in range(50)])
            assert found.min() >= 0.0
            assert found.max() <= 1.0
            assert (found == base).any()

    def test_paint_is_clear(self):
        """Never grey: some channel is well above another."""
        chance = Rng(0)
        found = np.array([chance.paint() for _ in range(200)])
        assert found.min() >= 0.0
        assert found.max() <= 1.0
        assert np.ptp(found, axis=1).min() > 0.2

"""The random stream is the frozen one of NumPy; choices are functions of it."""

import numpy as np
import pytest

from freecp_d2.data.storybook.noise import Rng

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


def test_choices():
    np.testing.assert_allclose(draw("uniform", -2, 6), [8 * u - 2 for u in STREAM_7], rtol=1e-15)
    assert draw("integer", 1, 6) == [1, 5, 3, 5]  # 1 + floor(6 u) of 0.46, 4.7, 2.6, 4.3
    assert {Rng(seed).integer(-1, 1) for seed in range(50)} == {-1, 0, 1}
    assert draw("maybe", 0.5) == [True, False, True, False]
    assert draw("pick", "abcd") == ["a", "d", "b", "c"]
    options = [*"abcd"]
    assert Rng(7).shuffled(options) == ["a", "c", "d", "b"]  # the ranks of 0.08, 0.78, 0.44, 0.72
    assert options == [*"abcd"]
    assert Rng(0).shuffled([]) == []

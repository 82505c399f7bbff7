"""Names are inside their regions or left out."""

import numpy as np
import pytest

from freecp_d2.visualization.overlay import PlacedName, place_names


def test_the_middle_of_a_plain_image():
    (name,) = place_names(np.zeros((60, 100), dtype=int), ["sky"])
    assert name == PlacedName("sky", pytest.approx(50, abs=1), pytest.approx(30, abs=1))


def test_inside_the_region():
    halves = np.repeat([[0, 1]], 100, axis=1).repeat(60, axis=0)
    ring = np.zeros((100, 100), dtype=int)
    ring[20:80, 20:80] = 1
    for labels in (halves, ring):
        for k, name in enumerate(place_names(labels, ["sky", "cat"])):
            assert labels[round(name.y), round(name.x)] == k


def test_a_name_that_does_not_fit_is_left_out():
    for height, width in ((4, 40), (40, 4)):
        labels = np.full((100, 100), 255)
        labels[:height, :width] = 0
        assert place_names(labels, ["sky"]) == []
    scattered = np.indices((100, 100)).sum(axis=0) % 2
    assert place_names(scattered, ["sky", "cat"]) == []
    assert place_names(np.zeros((60, 100), dtype=int), ["a" * 60]) == []

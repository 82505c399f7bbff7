"""Names stand inside their regions or not at all."""

import numpy as np
import pytest

from freecp_d2.visualization.html.placed_names import PlacedName, place_names


def test_the_middle_of_a_plain_image():
    (name,) = place_names(np.zeros((60, 100), dtype=int), ["sky"])
    assert name == PlacedName("sky", pytest.approx(50, abs=1), pytest.approx(30, abs=1))


def test_each_in_its_half():
    labels = np.repeat([[0, 1]], 100, axis=1).repeat(60, axis=0)
    first, second = place_names(labels, ["sky", "cat"])
    assert labels[round(first.y), round(first.x)] == 0
    assert labels[round(second.y), round(second.x)] == 1


def test_not_in_the_hole_of_a_ring():
    labels = np.zeros((100, 100), dtype=int)
    labels[20:80, 20:80] = 1
    ring, _ = place_names(labels, ["sky", "cat"])
    assert labels[round(ring.y), round(ring.x)] == 0


@pytest.mark.parametrize("size", [(4, 40), (40, 4)])
def test_not_where_it_does_not_fit(size):
    labels = np.full((100, 100), 255)
    labels[: size[0], : size[1]] = 0
    assert place_names(labels, ["sky"]) == []


def test_not_across_scattered_pixels():
    labels = np.indices((100, 100)).sum(axis=0) % 2
    assert place_names(labels, ["sky", "cat"]) == []


def test_longer_than_the_image_is_wide():
    assert place_names(np.zeros((60, 100), dtype=int), ["a" * 60]) == []

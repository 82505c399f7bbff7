"""Frames keep their size; their legend does not cover them."""

import numpy as np
import pytest

from freecp_d2.visualization.shares import class_counts, visible_shares
from freecp_d2.visualization.video_frame import draw_frame

NAMES = tuple(f"word {k}" for k in range(30))
COLORS = tuple((8 * k, 100, 100) for k in range(30))


@pytest.mark.parametrize("shape", [(1, 1), (48, 64), (120, 160), (361, 481), (1080, 200)])
def test_the_size_stays(shape):
    labels = np.random.default_rng(0).integers(-1, 30, shape).astype(np.int32)
    image = np.zeros((*shape, 3), dtype=np.uint8)
    shares = visible_shares(class_counts(labels, 30))
    assert draw_frame(image, labels, NAMES, COLORS, shares).shape == (*shape, 3)


def test_the_upper_two_thirds_are_free_of_the_legend():
    labels = np.zeros((90, 400), dtype=np.int32)
    labels[:, 200:] = 1
    image = np.full((90, 400, 3), 50, dtype=np.uint8)
    shares = visible_shares(class_counts(labels, 30))
    frame = draw_frame(image, labels, ("", "", *NAMES[2:]), COLORS, shares)
    assert len(np.unique(frame[:60, :190].reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(frame[60:].reshape(-1, 3), axis=0)) > 3

"""Polygons against the programs that fill them."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from freecp_d2.data.exports import polygons


def random_masks():
    """From noise of single pixels to broad regions, with holes, islands and image borders."""
    random = np.random.default_rng(0)
    for blur in (0.1, 0.8, 1.5, 4.0) * 15:
        noise = random.random(tuple(random.integers(4, 40, 2))).astype(np.float32)
        yield cv2.GaussianBlur(noise, (0, 0), blur) > 0.5


def filled_by_opencv(found, shape):
    mask = np.zeros(shape, dtype=np.uint8)
    for polygon in found:
        cv2.fillPoly(mask, [polygon], 1)
    return mask.astype(bool)


def filled_by_pillow(found, shape):
    mask = np.zeros(shape, dtype=bool)
    for polygon in found:
        image = Image.new("L", shape[::-1])
        ImageDraw.Draw(image).polygon(list(map(tuple, polygon.tolist())), outline=1, fill=1)
        mask |= np.asarray(image).astype(bool)
    return mask


def test_without_tolerance_a_mask_comes_back():
    for mask in random_masks():
        found = polygons(mask)
        assert np.array_equal(filled_by_opencv(found, mask.shape), mask)
        assert np.array_equal(filled_by_pillow(found, mask.shape), mask)
        assert len(found) == cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] - 1


@pytest.mark.parametrize("tolerance", [1.0, 2.0])
def test_only_pixels_near_the_outline_change(tolerance):
    num_exact = num_vertices = 0
    for mask in random_masks():
        found = polygons(mask, tolerance)
        num_vertices += sum(map(len, found))
        num_exact += sum(map(len, polygons(mask)))
        wrong = filled_by_opencv(found, mask.shape) != mask
        inside = cv2.erode(np.pad(mask, 1).astype(np.uint8), np.ones((3, 3)))[1:-1, 1:-1]
        outline = mask & ~inside.astype(bool)
        distance = cv2.distanceTransform((~outline).astype(np.uint8), cv2.DIST_L2, 5)
        # A line is drawn on the pixels that are nearest to it, up to 0.71 away.
        assert not wrong.any() or distance[wrong].max() < tolerance + 0.8
    assert num_vertices < 0.9 * num_exact


def test_by_hand():
    mask = np.zeros((5, 5), dtype=bool)
    mask[1:4, 1:4] = True
    mask[2, 2] = False  # a hole: the seam begins left of it, on the outer ring
    (ring,) = polygons(mask)
    assert {(1, 1), (1, 3), (3, 3), (3, 1), (2, 1), (1, 2), (2, 3), (3, 2)} == set(
        map(tuple, ring.tolist())
    )
    mask[:] = False
    mask[4, 2] = True
    assert [ring.tolist() for ring in polygons(mask)] == [[[2, 4]] * 3]
    assert polygons(np.zeros((3, 3), dtype=bool)) == []
    with pytest.raises(ValueError, match="-1 pixels"):
        polygons(mask, -1)

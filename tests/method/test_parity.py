"""
The equations against arrays of the authors' released program, see tests/parity/README.md.

Floats agree to a few roundings; the tolerances leave room for another order of the sums on another
machine. Decisions (boxes, groups) agree exactly: the arrays are such that noise of 3e-6 on the maps
changes none. Winners and final maps are tested with `ClassPurification`.
"""

from collections import Counter
from functools import cache, partial

import pytest
import torch

from freecp_d2 import method
from tests.helpers import parity

from .helpers import box_rows, contour_boxes, group_sets

NO_CONTOUR = (0, 0, 0, 0)

same = partial(torch.testing.assert_close, rtol=0, atol=1e-5)


@cache
def load(name):
    return {key: torch.from_numpy(array) for key, array in parity.load(name).items()}


def without_placeholder(boxes):
    """Stored (map, x0, y0, x1, y1) less the entry of a map without contour, as a multiset."""
    boxes = [tuple(row) for row in boxes.tolist()]
    num_boxes = Counter(row[0] for row in boxes)
    # The entry stands alone; a true box without area at the origin would need a one-patch grid.
    assert all(num_boxes[row[0]] == 1 for row in boxes if row[1:] == NO_CONTOUR)
    return Counter(row for row in boxes if row[1:] != NO_CONTOUR)


def test_boxes():
    stored = load("boxes_unit")
    region = method.region_boxes(stored["maps"], holes=True)
    assert Counter(box_rows(region)) == without_placeholder(stored["boxes"])


def test_the_reference_contours_equal_the_released_program():
    stored = load("boxes_unit")
    boxes = []
    for index, map_ in enumerate(stored["maps"].numpy()):
        boxes += [(index, *box) for box in contour_boxes(map_)] or [(index, *NO_CONTOUR)]
    assert boxes == [tuple(row) for row in stored["boxes"].tolist()]  # the order as well


@pytest.mark.parametrize("name", [f"purify_{number}" for number in range(6)])
def test_each_equation(name):
    stored = load(name)
    num_background, num_classes, h, w = (int(value) for value in stored["params"][:4])
    redundancy_thresh, ambiguity_thresh = stored["params"][4:].tolist()
    attention = method.self_affinity(stored["attn"][None, :-1])  # all layers but the last
    same(method.transition_matrix(attention, num_squarings=0)[0], stored["trans_sym"])
    transition = method.transition_matrix(attention)
    same(transition[0], stored["trans"])
    cam_norm = method.min_max_normalise(stored["cam"][None])
    same(cam_norm[0], stored["cam_norm"])
    cam, cam_norm = stored["cam"][None, num_background:], cam_norm[:, num_background:]
    # Holes do not change the mask, but the stored boxes have them.
    boxes = method.region_boxes(cam_norm.flatten(0, 1), holes=True)
    assert Counter(box_rows(boxes)) == without_placeholder(stored["boxes"])
    mask = method.boxes_to_mask(boxes, num_classes, (h, w))
    assert torch.equal(mask, stored["box_mask"].bool())
    refined = method.refine(cam_norm, transition, mask[None])
    same(refined[0], stored["refined"])
    scores = method.redundancy_scores(cam, refined)
    same(scores[0], stored["rp_score"])
    purified, keep = method.drop_redundant(refined, scores, redundancy_thresh)
    assert keep[0].nonzero().flatten().tolist() == stored["rp_keep"].tolist()
    if keep.sum() > 1:  # else the program skips it and stores zeros
        same(method.pairwise_soft_iou(purified[:, keep[0]])[0], stored["ap_siou"])
    groups = method.ambiguity_groups(purified, keep, ambiguity_thresh)
    classes: dict[int, list[int]] = {}
    for k, group in zip(stored["rp_keep"].tolist(), stored["ap_group"].tolist(), strict=True):
        classes.setdefault(group, []).append(k)
    assert group_sets(groups) == [(0, members) for members in classes.values() if members[1:]]
    fused = method.fuse_groups(purified, groups)
    same(fused, stored["ap_fused"])
    number = {group: i for i, group in enumerate(g for g, m in classes.items() if m[1:])}
    regions = Counter((number[group], *box) for group, *box, _ in stored["ap_boxes"].tolist())
    assert Counter(box_rows(method.region_boxes(fused, holes=True))) == regions
